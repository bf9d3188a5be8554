import { html } from 'hono/html';
import type { Html } from './document.ts';
import type { Page } from './page.ts';
import type { Words } from './words/en.ts';

/** The cards offered to click, in the order a developer tries them. */
export const offeredTestCards: readonly {
  number: string;
  outcome: keyof Words['card']['outcomes'];
}[] = [
  { number: '4242424242424242', outcome: 'success' },
  { number: '5555555555554444', outcome: 'mastercard' },
  { number: '4000000000000002', outcome: 'declined' },
  { number: '4000000000009995', outcome: 'insufficient_funds' },
  { number: '4000000000000341', outcome: 'fails_later' },
  { number: '4000002500003155', outcome: 'authenticate_once' },
  { number: '4000002760003184', outcome: 'authenticate_always' },
  { number: '4000008260003178', outcome: 'authenticate_declined' },
  { number: '4000000000000069', outcome: 'expired_card' },
  { number: '4000000000000127', outcome: 'incorrect_cvc' },
  { number: '4000000000000119', outcome: 'processing_error' },
  { number: '4000000000000259', outcome: 'disputed' },
];

/** `4242424242424242` → `4242 4242 4242 4242`. */
export function groupDigits(number: string): string {
  return number.replace(/\D/g, '').replace(/(\d{4})(?=\d)/g, '$1 ');
}

/**
 * The list of test cards, which can be folded away. Each is a link back to `path` with the card in the query, so that
 * it fills the form without scripts; with scripts the form is filled in place.
 */
export function renderTestCards(page: Page, path: string, expiry: string): Html {
  const { card } = page.words;
  const separator = path.includes('?') ? '&' : '?';
  return html`<details class="test-cards" open>
    <summary>${card.testCards}</summary>
    <p class="small muted">${card.testCardsHint}</p>
    <ul>
      ${offeredTestCards.map(({ number, outcome }) => {
        const label = card.outcomes[outcome];
        const grouped = groupDigits(number);
        return html`<li>
          <a
            class="test-card"
            href="${path}${separator}card=${number}"
            data-card="${number}"
            data-expiry="${expiry}"
            data-cvc="123"
          >
            <span class="mono num">${grouped}</span><span>${label}</span>
          </a>
        </li>`;
      })}
    </ul>
  </details>`;
}
