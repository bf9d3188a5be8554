import { html } from 'hono/html';
import { renderCardFields } from '../card-form.ts';
import type { FieldErrors, FormValues } from '../card-form.ts';
import { renderDocument } from '../document.ts';
import type { Html } from '../document.ts';
import { renderSubmit } from '../field.ts';
import type { Page } from '../page.ts';
import { renderTestCards } from '../test-cards.ts';

export interface InvoiceLineView {
  description: string;
  period: string | null;
  quantity: string;
  unitPrice: string;
  amount: string;
}

/** What the hosted invoice shows, and what its PDF prints. */
export interface InvoiceView {
  page: Page;
  path: string;
  pdfUrl: string | null;
  merchant: string;
  number: string;
  status: string;
  statusLabel: string;
  facts: { label: string; value: string }[];
  billTo: string[];
  lines: InvoiceLineView[];
  totals: { label: string; value: string; strong: boolean }[];
  /** What has to be said below the totals. */
  note: string | null;
  /** What the seller wrote at its end. */
  footer: string | null;
  headline: { figure: string; text: string };
  payment: InvoicePaymentView | null;
}

/** The paying part of an open invoice. */
export interface InvoicePaymentView {
  amount: string;
  savedCard: string | null;
  challengeUrl: string | null;
  failure: string | null;
  values: FormValues;
  errors: FieldErrors;
  testExpiry: string;
}

const statusColours: Record<string, string> = { paid: 'good', open: 'warn', uncollectible: 'bad' };

export function renderInvoice(view: InvoiceView): Html {
  const { page } = view;
  const { invoice } = page.words;
  return renderDocument({
    page,
    title: `${invoice.title(view.number)} · ${view.merchant}`,
    merchant: view.merchant,
    width: 'medium',
    body: html`<div class="stack-l">
      ${view.payment === null ? '' : renderPayment(view, view.payment)}
      <article class="card stack-l">
        <div class="row between">
          <h1>${invoice.title(view.number)}</h1>
          <span class="badge ${statusColours[view.status] ?? ''}" data-status="${view.status}"
            >${view.statusLabel}</span
          >
        </div>
        <div class="columns">
          <dl class="facts">
            ${view.facts.map(
              ({ label, value }) =>
                html`<dt>${label}</dt>
                  <dd>${value}</dd>`,
            )}
          </dl>
          <div class="stack">
            <div>
              <p class="muted small">${invoice.from}</p>
              <p>${view.merchant}</p>
            </div>
            <div>
              <p class="muted small">${invoice.billTo}</p>
              ${view.billTo.map((line) => html`<p>${line}</p>`)}
            </div>
          </div>
        </div>
        <div>
          <p class="amount">${view.headline.figure}</p>
          <p class="muted">${view.headline.text}</p>
        </div>
        ${renderLines(view)}
        <dl class="totals">
          ${view.totals.map(
            ({ label, value, strong }) =>
              html`<div class="${strong ? 'due' : ''}">
                <dt>${label}</dt>
                <dd class="num">${value}</dd>
              </div>`,
          )}
        </dl>
        ${view.note === null ? '' : html`<p class="small">${view.note}</p>`}
        ${view.footer === null ? '' : html`<p class="small muted wrapped">${view.footer}</p>`}
        <div class="row no-print">
          ${
            view.pdfUrl === null
              ? ''
              : html`<a class="button plain" href="${view.pdfUrl}">${invoice.download}</a>`
          }
          <button class="button plain" type="button" data-print>${invoice.print}</button>
        </div>
      </article>
    </div>`,
  });
}

function renderLines(view: InvoiceView): Html {
  const { invoice } = view.page.words;
  return html`<table class="cards">
    <thead>
      <tr>
        <th scope="col">${invoice.description}</th>
        <th scope="col" class="right">${invoice.quantity}</th>
        <th scope="col" class="right">${invoice.unitPrice}</th>
        <th scope="col" class="right">${invoice.amount}</th>
      </tr>
    </thead>
    <tbody>
      ${view.lines.map(
        (line) =>
          html`<tr>
            <td class="wide" data-label="${invoice.description}">
              <span
                >${line.description}${
                  line.period === null
                    ? ''
                    : html`<br /><span class="small muted">${line.period}</span>`
                }</span
              >
            </td>
            <td class="right num" data-label="${invoice.quantity}">${line.quantity}</td>
            <td
              class="right num ${line.unitPrice === '' ? 'empty' : ''}"
              data-label="${invoice.unitPrice}"
            >
              ${line.unitPrice}
            </td>
            <td class="right num" data-label="${invoice.amount}">${line.amount}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function renderPayment(view: InvoiceView, payment: InvoicePaymentView): Html {
  const { page, path } = view;
  const { invoice } = page.words;
  return html`<section class="card stack-l no-print" aria-labelledby="pay-heading">
    <h2 id="pay-heading">${invoice.payHeading}</h2>
    ${
      payment.failure === null
        ? ''
        : html`<div class="notice bad" role="alert">${payment.failure}</div>`
    }
    ${
      payment.challengeUrl === null
        ? ''
        : html`<div class="notice warn stack">
            <p>${invoice.authenticateText}</p>
            <p><a class="button" href="${payment.challengeUrl}">${invoice.authenticate}</a></p>
          </div>`
    }
    ${
      payment.savedCard === null
        ? ''
        : html`<form method="post" action="${path}" class="stack">
            <input type="hidden" name="saved" value="yes" />
            ${renderSubmit(invoice.paySaved(payment.savedCard, payment.amount))}
            <p class="muted small">${invoice.orOther}</p>
          </form>`
    }
    <form method="post" action="${path}" class="stack" novalidate>
      ${renderCardFields(page, payment.values, payment.errors)}
      ${renderSubmit(
        invoice.payButton(payment.amount),
        payment.savedCard === null ? 'full' : 'full plain',
      )}
    </form>
    ${renderTestCards(page, path, payment.testExpiry)}
  </section>`;
}
