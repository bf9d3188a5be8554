import { Hono } from 'hono';
import type { Context as HonoContext } from 'hono';
import type Stripe from 'stripe';
import { payInvoicePage } from '../../billing/payer/actions.ts';
import type { CardEntry } from '../../billing/payment/card-entry.ts';
import type { LocalStripe } from '../../kernel/local-stripe.ts';
import { StripeError } from '../../kernel/errors.ts';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { laterExpiry, readCardForm } from '../card-form.ts';
import type { FormValues } from '../card-form.ts';
import { declineText } from '../checkout/model.ts';
import type { Page } from '../page.ts';
import { inSellersNames } from '../sellers-names.ts';
import { notFound, pageOf, readForm, show } from '../visitor.ts';
import { printCreditNote } from './credit-note.ts';
import { invoiceView, isShown } from './model.ts';
import type { InvoiceAttempt } from './model.ts';
import { printInvoice } from './print.ts';
import { renderInvoice } from './view.ts';

const untouched: InvoiceAttempt = { values: {}, errors: {}, failure: null };

/** The hosted invoice: `/i/:invoiceId`, and its PDF at `/i/:invoiceId/pdf`. */
export function invoiceRoutes(getLocal: () => LocalStripe): Hono {
  const app = new Hono();

  app.get('/i/:id', (c) =>
    onInvoice(c, getLocal(), (ctx, page, invoice) => {
      const number = c.req.query('card');
      const values: FormValues =
        number === undefined
          ? {}
          : { number: number.slice(0, 19), expiry: laterExpiry(ctx.now), cvc: '123' };
      return draw(c, ctx, page, invoice, { ...untouched, values });
    }),
  );

  app.get('/i/:id/pdf', (c) =>
    onInvoice(c, getLocal(), (ctx, page, invoice) => {
      const view = invoiceView(ctx, page, invoice, untouched);
      const named = (text: string) => inSellersNames(text, ctx.chineseNames, page.language);
      return c.body(printInvoice(view, named), 200, {
        'content-type': 'application/pdf',
        'content-disposition': `inline; filename="Invoice-${view.number}.pdf"`,
      });
    }),
  );

  app.get('/i/:id/credit_notes/:note/pdf', (c) =>
    onInvoice(c, getLocal(), (ctx, page, invoice) => {
      const note = ctx.store.find('credit_note', c.req.param('note'));
      if (note === undefined || idOf(note.invoice) !== invoice.id) return notFound(c);
      return c.body(printCreditNote(ctx, page, ctx.businessName, invoice, note), 200, {
        'content-type': 'application/pdf',
        'content-disposition': `inline; filename="Credit-note-${note.number}.pdf"`,
      });
    }),
  );

  app.post('/i/:id', async (c) => {
    const values = await readForm(c);
    return onInvoice(c, getLocal(), (ctx, page, invoice) => pay(c, ctx, page, invoice, values));
  });

  return app;
}

type Answer = Response | Promise<Response>;

async function onInvoice(
  c: HonoContext,
  local: LocalStripe,
  work: (ctx: Context, page: Page, invoice: Stripe.Invoice) => Answer,
): Promise<Response> {
  await local.catchUp();
  const { store } = local.kernel;
  const invoice = store.find('invoice', c.req.param('id') ?? '');
  if (!isShown(invoice)) return notFound(c);
  const customer = store.find('customer', idOrNull(invoice.customer) ?? '');
  // A link may say in which language it was followed from; the customer's own comes after.
  const page = pageOf(c, c.req.query('locale') ?? customer?.preferred_locales?.[0]);
  return local.kernel.run((ctx) =>
    work(ctx.onClock(idOrNull(customer?.test_clock)), page, invoice),
  );
}

function draw(
  c: HonoContext,
  ctx: Context,
  page: Page,
  invoice: Stripe.Invoice,
  attempt: InvoiceAttempt,
  status: 200 | 400 | 402 = 200,
): Promise<Response> {
  const view = { ...invoiceView(ctx, page, invoice, attempt), path: pathOf(c, invoice) };
  return show(c, renderInvoice(view), status);
}

/** The invoice's own page, in the language that the link asked for. */
function pathOf(c: HonoContext, { id }: Stripe.Invoice): string {
  const locale = c.req.query('locale');
  return `/i/${id}${locale === undefined ? '' : `?${new URLSearchParams({ locale }).toString()}`}`;
}

function pay(
  c: HonoContext,
  ctx: Context,
  page: Page,
  invoice: Stripe.Invoice,
  values: FormValues,
): Answer {
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible') {
    return c.redirect(pathOf(c, invoice), 303);
  }
  let card: CardEntry | null = null;
  if (values['saved'] === undefined) {
    const read = readCardForm(page, values, ctx.now);
    if (Object.keys(read.errors).length > 0) {
      return draw(c, ctx, page, invoice, { ...untouched, values, errors: read.errors }, 400);
    }
    card = { ...read.card, name: read.card.name || null };
  }
  const { cvc: _cvc, ...kept } = values;
  const failed = (code: string, declineCode: string | null, message: string): Answer => {
    const text = declineText(page, { code, declineCode, message });
    const now = ctx.store.get('invoice', invoice.id);
    return draw(c, ctx, page, now, { values: kept, errors: {}, failure: text }, 402);
  };
  try {
    const returnUrl = `${ctx.baseUrl}${pathOf(c, invoice)}`;
    const result = ctx.attempt(() => payInvoicePage(ctx, invoice.id, card, returnUrl));
    if (result.status === 'paid') return c.redirect(pathOf(c, invoice), 303);
    if (result.status === 'requires_action') return c.redirect(result.challengeUrl, 303);
    const { code, type, decline_code, message } = result.error;
    return failed(code ?? type, decline_code ?? null, message);
  } catch (error) {
    if (!(error instanceof StripeError)) throw error;
    const { code, type, decline_code, message } = error.body;
    return failed(code ?? type, decline_code ?? null, message);
  }
}
