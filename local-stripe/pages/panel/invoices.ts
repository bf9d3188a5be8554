import { html } from 'hono/html';
import type Stripe from 'stripe';
import { newest } from '../../control/state.ts';
import { idOrNull } from '../../kernel/reference.ts';
import type { Html } from '../document.ts';
import { actionButton, code, renderPanel, renderTable } from './frame.ts';
import type { PanelVisit } from './frame.ts';
import { badge, customerCell } from './subscriptions.ts';

const shown = 100;

export function renderInvoices(visit: PanelVisit): Html {
  const { panel } = visit.page.words;
  return renderPanel(
    visit,
    'invoices',
    html`<section class="card stack">
      <h1>${panel.tabs.invoices}</h1>
      ${invoiceTable(visit, newest(visit.local, 'invoice', shown), true)}
    </section>`,
  );
}

/** Invoices with their page, their PDF, and the button by which the cardholder disputes. */
export function invoiceTable(
  visit: PanelVisit,
  invoices: Stripe.Invoice[],
  showCustomer: boolean,
): Html {
  const { page } = visit;
  const { panel, invoice: words } = page.words;
  return renderTable(
    [
      { label: panel.number },
      ...(showCustomer ? [{ label: panel.customer }] : []),
      { label: panel.created },
      { label: panel.amount, right: true },
      { label: panel.status },
      { label: panel.attempts, right: true },
      { label: panel.nextAttempt },
      { label: panel.actions },
    ],
    invoices.map((invoice) => ({
      id: invoice.id,
      cells: [
        html`${invoice.number ?? words.draft}<br />${code(invoice.id)}`,
        ...(showCustomer ? [customerCell(visit, idOrNull(invoice.customer) ?? '')] : []),
        page.dateTime(invoice.created),
        page.money(invoice.total, invoice.currency),
        badge(words.statuses, invoice.status ?? 'draft'),
        String(invoice.attempt_count),
        nextMoment(visit, invoice),
        html`<div class="tools">
          ${
            invoice.status === 'draft'
              ? ''
              : html`<a href="/i/${invoice.id}">${panel.showInvoice}</a>
                  <a href="/i/${invoice.id}/pdf">${panel.pdf}</a>`
          }
          ${disputePart(visit, invoice)}
        </div>`,
      ],
    })),
    panel.none,
  );
}

/** When a draft becomes final, or an open invoice is tried again. */
function nextMoment({ page }: PanelVisit, invoice: Stripe.Invoice): string {
  const at = invoice.next_payment_attempt ?? invoice.automatically_finalizes_at ?? null;
  return at === null ? '–' : page.dateTime(at);
}

function disputePart(visit: PanelVisit, invoice: Stripe.Invoice): Html | string {
  const { panel } = visit.page.words;
  const charge = chargeOf(visit, invoice);
  if (charge === null || !charge.paid || charge.refunded) return '';
  if (charge.disputed) return html`<span class="badge bad">${panel.disputed}</span>`;
  return actionButton(visit, `/_control/panel/charges/${charge.id}/dispute`, panel.dispute);
}

function chargeOf({ local }: PanelVisit, invoice: Stripe.Invoice): Stripe.Charge | null {
  const { store } = local.kernel;
  for (const payment of store.by('invoice_payment', 'invoice', invoice.id)) {
    if (payment.status !== 'paid') continue;
    const intent = store.find('payment_intent', idOrNull(payment.payment.payment_intent) ?? '');
    const charge = store.find('charge', idOrNull(intent?.latest_charge) ?? '');
    if (charge !== undefined) return charge;
  }
  return null;
}
