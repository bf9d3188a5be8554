import { html } from 'hono/html';
import type { Html } from '../document.ts';
import { renderField } from '../field.ts';
import type { Page } from '../page.ts';
import { renderQuantity } from './quantity.ts';
import type { QuantityEditor } from './quantity.ts';

export interface SummaryLine {
  name: string;
  description: string | null;
  detail: string;
  amount: string;
  /** Where the payer may change it. */
  quantity: QuantityEditor | null;
}

export interface CheckoutSummary {
  /** `Subscribe to Pro`. */
  heading: string;
  /** The large figure: `¥29.00`, and beside it `per month`. Null when nothing is sold. */
  amount: { figure: string; unit: string | null } | null;
  /** `Then ¥29.00 per month, starting 1 December 2026`. */
  after: string | null;
  lines: SummaryLine[];
  totals: { label: string; value: string }[];
  due: { label: string; value: string } | null;
  promotion:
    | { state: 'hidden' }
    | { state: 'ask'; typed: string; error: string | null }
    | { state: 'applied'; code: string };
}

/** What is bought and what it costs. */
export function renderSummary(page: Page, path: string, summary: CheckoutSummary): Html {
  return html`<div class="stack-s">
      <h1 id="summary-heading">${summary.heading}</h1>
      ${
        summary.amount === null
          ? ''
          : html`<p class="amount">
              ${summary.amount.figure}
              ${summary.amount.unit === null ? '' : html`<small>${summary.amount.unit}</small>`}
            </p>`
      }
      ${summary.after === null ? '' : html`<p class="muted">${summary.after}</p>`}
    </div>
    ${summary.lines.length === 0 ? '' : renderLines(page, path, summary)}`;
}

function renderLines(page: Page, path: string, summary: CheckoutSummary): Html {
  return html`<div class="stack">
    <h2 class="visually-hidden">${page.words.checkout.orderSummary}</h2>
    <ul class="lines">
      ${summary.lines.map(
        (line) =>
          html`<li>
            <div class="row between">
              <div class="grow">
                <h3>${line.name}</h3>
                ${
                  line.description === null
                    ? ''
                    : html`<p class="small muted">${line.description}</p>`
                }
                <p class="small muted">${line.detail}</p>
              </div>
              <div class="num">${line.amount}</div>
            </div>
            ${line.quantity === null ? '' : renderQuantity(page, path, line.name, line.quantity)}
          </li>`,
      )}
    </ul>
    ${renderPromotion(page, path, summary.promotion)}
    <dl class="totals">
      ${summary.totals.map(
        ({ label, value }) =>
          html`<div>
            <dt>${label}</dt>
            <dd class="num">${value}</dd>
          </div>`,
      )}
      ${
        summary.due === null
          ? ''
          : html`<div class="due">
              <dt>${summary.due.label}</dt>
              <dd class="num" data-due>${summary.due.value}</dd>
            </div>`
      }
    </dl>
  </div>`;
}

function renderPromotion(
  page: Page,
  path: string,
  promotion: CheckoutSummary['promotion'],
): Html | string {
  const { checkout } = page.words;
  if (promotion.state === 'hidden') return '';
  if (promotion.state === 'applied') {
    return html`<form method="post" action="${path}/promotion_code" class="row">
      <span class="badge good">${promotion.code}</span>
      <button
        class="link-button"
        name="remove"
        value="yes"
        aria-label="${checkout.removeCode(promotion.code)}"
      >
        ${checkout.remove}
      </button>
    </form>`;
  }
  return html`<form method="post" action="${path}/promotion_code" novalidate>
    <div class="field-and-button">
      <div class="grow">
        ${renderField({
          name: 'promotion_code',
          label: checkout.promotionCode,
          value: promotion.typed,
          error: promotion.error ?? undefined,
          maxLength: 200,
        })}
      </div>
      <button class="button plain" type="submit">${checkout.apply}</button>
    </div>
  </form>`;
}
