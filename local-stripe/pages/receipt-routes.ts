import { Hono } from 'hono';
import { html } from 'hono/html';
import type Stripe from 'stripe';
import type { LocalStripe } from '../kernel/local-stripe.ts';
import { idOf, idOrNull } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import { cardName } from './card-name.ts';
import { renderMessage } from './document.ts';
import type { Html } from './document.ts';
import { merchantOf } from './merchant.ts';
import type { Page } from './page.ts';
import { notFound, pageOf, show } from './visitor.ts';

/** What was paid, when and with what: `/receipts/:charge`, the charge's `receipt_url`. */
export function receiptRoutes(getLocal: () => LocalStripe): Hono {
  const app = new Hono();
  app.get('/receipts/:charge', (c) =>
    getLocal().kernel.run((ctx) => {
      const charge = ctx.store.find('charge', c.req.param('charge'));
      if (charge?.paid !== true) return notFound(c);
      return show(c, renderReceipt(ctx, pageOf(c, null), charge));
    }),
  );
  return app;
}

function renderReceipt(ctx: Context, page: Page, charge: Stripe.Charge): Html {
  const words = page.words.receipt;
  const merchant = merchantOf(ctx, null);
  const method = ctx.store.find('payment_method', charge.payment_method ?? '');
  const paid = words.paid(
    page.money(charge.amount, charge.currency),
    page.date(charge.created),
    method === undefined ? null : cardName(page, method),
  );
  const refunded =
    charge.amount_refunded === 0
      ? ''
      : ` ${words.refunded(page.money(charge.amount_refunded, charge.currency))}`;
  const invoice = invoiceOf(ctx, charge);
  return renderMessage({
    page,
    merchant,
    mark: 'good',
    title: words.title(merchant),
    text: `${paid}${refunded}`,
    actions: invoice === null ? null : html`<a href="/i/${invoice}">${words.invoice}</a>`,
  });
}

/** The invoice that was paid with it, if it was one. */
function invoiceOf(ctx: Context, charge: Stripe.Charge): string | null {
  const intent = idOrNull(charge.payment_intent) ?? '';
  const [payment] = ctx.store.by('invoice_payment', 'payment_intent', intent);
  return payment === undefined ? null : idOf(payment.invoice);
}
