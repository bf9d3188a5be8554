import { html } from 'hono/html';
import type { Wallet } from '../../billing/payment/wallets.ts';
import { renderCardFields } from '../card-form.ts';
import type { FieldErrors, FormValues } from '../card-form.ts';
import { renderDocument } from '../document.ts';
import type { Html } from '../document.ts';
import { renderField, renderSubmit } from '../field.ts';
import type { Page } from '../page.ts';
import { renderTestCards } from '../test-cards.ts';
import { renderExtraFields } from './extra-fields.ts';
import type { ExtraFields } from './extra-fields.ts';
import { renderSummary } from './summary.ts';
import type { CheckoutSummary } from './summary.ts';

/** Everything the hosted Checkout page shows; the words are already in the visitor's language. */
export interface CheckoutView {
  page: Page;
  /** `/c/pay/cs_…`: the page's own address, which its forms post to. */
  path: string;
  merchant: string;
  title: string;
  cancelUrl: string | null;
  summary: CheckoutSummary;
  /** The e-mail that the session or its customer brings; null asks for one. */
  knownEmail: string | null;
  needsCard: boolean;
  /** The wallets that are offered beside the card, or instead. */
  wallets: Wallet[];
  extra: ExtraFields;
  submitLabel: string;
  /** What the payer agrees to by pressing the button. */
  terms: string | null;
  customSubmitText: string | null;
  testExpiry: string;
  values: FormValues;
  errors: FieldErrors;
  /** What is shown as the total, and comes back with the form. */
  shownTotal: number;
  /** Something to see before going on. */
  notice: { title: string; text: string } | null;
  /** A decline, or whatever else went wrong with the last attempt. */
  failure: { title: string; text: string } | null;
}

export function renderCheckout(view: CheckoutView): Html {
  return renderDocument({
    page: view.page,
    title: `${view.title} · ${view.merchant}`,
    merchant: view.merchant,
    width: 'roomy',
    body: html`<div class="checkout">
      <section class="stack-l" aria-labelledby="summary-heading">
        ${
          view.cancelUrl === null
            ? ''
            : html`<a class="small" href="${view.cancelUrl}"
                >← ${view.page.words.checkout.cancel(view.merchant)}</a
              >`
        }
        ${renderSummary(view.page, view.path, view.summary)}
      </section>
      <div class="stack">${renderPayment(view)}</div>
    </div>`,
  });
}

function renderPayment(view: CheckoutView): Html {
  const { page, path } = view;
  const { checkout } = page.words;
  return html`<section class="card stack-l" aria-labelledby="payment-heading">
    ${
      view.failure === null
        ? ''
        : html`<div class="notice bad" role="alert">
            <strong>${view.failure.title}</strong>${view.failure.text}
          </div>`
    }
    ${
      view.notice === null
        ? ''
        : html`<div class="notice warn" role="alert">
            <strong>${view.notice.title}</strong>${view.notice.text}
          </div>`
    }
    <form method="post" action="${path}" class="stack-l" novalidate>
      <input type="hidden" name="shown_total" value="${view.shownTotal}" />
      <div class="stack">
        <h2>${checkout.contact}</h2>
        ${
          view.knownEmail === null
            ? renderField({
                name: 'email',
                label: checkout.email,
                type: 'email',
                value: view.values['email'] ?? '',
                error: view.errors['email'],
                autocomplete: 'email',
                required: true,
                maxLength: 512,
              })
            : html`<p>
                <span class="label">${checkout.email}</span
                ><span class="muted">${view.knownEmail}</span>
              </p>`
        }
      </div>
      <div class="stack">
        <h2 id="payment-heading">${checkout.payment}</h2>
        ${
          view.needsCard
            ? renderCardFields(page, view.values, view.errors)
            : view.wallets.length > 0
              ? ''
              : html`<p class="muted">${checkout.noCardNeeded}</p>`
        }
      </div>
      ${renderExtraFields(page, view.extra, view.values, view.errors)}
      <div class="stack">
        ${view.customSubmitText === null ? '' : html`<p class="small">${view.customSubmitText}</p>`}
        ${view.needsCard || view.wallets.length === 0 ? renderSubmit(view.submitLabel) : ''}
        ${renderWallets(view)}
        ${view.terms === null ? '' : html`<p class="small muted">${view.terms}</p>`}
      </div>
    </form>
    ${view.needsCard ? renderTestCards(page, path, view.testExpiry) : ''}
  </section>`;
}

/** One button a wallet: what else was typed goes with it, the card does not. */
function renderWallets({ page, wallets, needsCard }: CheckoutView): Html | string {
  if (wallets.length === 0) return '';
  const { checkout, wallet } = page.words;
  return html`<div class="stack-s">
    ${needsCard ? html`<p class="small muted">${checkout.orPayWith}</p>` : ''}
    ${wallets.map((type) =>
      renderSubmit(checkout.payWith(wallet.names[type]), 'plain full', {
        name: 'method',
        value: type,
      }),
    )}
  </div>`;
}
