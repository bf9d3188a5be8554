import type Stripe from 'stripe';
import { assertAmount } from '../billing/payment/amount-limits.ts';
import { createSetup } from '../billing/payment/setup.ts';
import { StripeError, invalidRequest } from '../kernel/errors.ts';
import { idOrNull } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import { priceAmount } from '../billing/catalog/cost.ts';
import { priceFor } from '../billing/catalog/price.ts';
import { assertSellable } from '../billing/tax/checks.ts';
import { ratesOf } from '../billing/tax/rates.ts';
import { buildSession } from './build-session.ts';
import { readLines } from './prices.ts';
import { readDiscounts } from '../billing/discount/promotion.ts';
import type { CheckoutLine, CheckoutRow } from './row.ts';
import { sessionTotals } from './session.ts';
import { assertSessionParams } from './validate.ts';

type CreateParams = Stripe.Checkout.SessionCreateParams;

/**
 * `POST /v1/checkout/sessions`. Nobody has bought anything yet, so nothing is told; in mode `setup`
 * the setup intent is there from the beginning.
 */
export function createSession(global: Context, params: CreateParams): Stripe.Checkout.Session {
  const customer = params.customer ? global.store.find('customer', params.customer) : undefined;
  const ctx = global.onClock(idOrNull(customer?.test_clock));
  assertSessionParams(ctx, params);
  const wanted = params.currency?.toLowerCase() ?? null;
  const bought =
    params.mode === 'setup' ? null : readLines(ctx, params.mode!, params.line_items ?? [], wanted);
  if (params.mode === 'payment') assertTaxTerms(ctx, params, bought!.lines, bought!.currency);
  const row: CheckoutRow = {
    id: ctx.newId('cs_test'),
    lines: bought?.lines ?? [],
    subscriptionData: params.subscription_data ?? null,
    paymentIntentData: params.payment_intent_data ?? null,
    setupIntentData: params.setup_intent_data ?? null,
    customerUpdate: params.customer_update ?? null,
    intent: null,
    payer: null,
    failure: null,
  };
  const currency = bought?.currency ?? wanted;
  const draft = buildSession(ctx, params, row.id, currency);
  draft.discounts = buildDiscounts(ctx, params, row.lines, currency);
  const session = { ...draft, ...totalsOrRefusal(ctx, draft, row) };
  assertPayable(session);
  const setup = params.mode === 'setup' ? createSetupOf(ctx, session, row).id : null;
  ctx.store.put('_checkout', { ...row, intent: setup });
  session.setup_intent = setup;
  ctx.store.put('checkout.session', session);
  ctx.schedule(session.expires_at, 'checkout.expire', session.id);
  return session;
}

/**
 * The engine tries the subscription out, so what it would refuse when the payer pays is refused now,
 * under the names the parameters have here.
 */
function totalsOrRefusal(
  ctx: Context,
  draft: Stripe.Checkout.Session,
  row: CheckoutRow,
): ReturnType<typeof sessionTotals> {
  try {
    return sessionTotals(ctx, draft, row);
  } catch (error) {
    if (!(error instanceof StripeError)) throw error;
    const { param, message, code } = error.body;
    if (param === undefined) throw error;
    const [first, ...rest] = param.split('[');
    const isItem = first === 'items' || first === 'add_invoice_items';
    const here = [`subscription_data[${first}]`, ...rest].join('[');
    throw invalidRequest(message, isItem ? 'line_items' : here, code);
  }
}

/** Of a subscription the engine says it. */
function assertTaxTerms(
  ctx: Context,
  params: CreateParams,
  lines: CheckoutLine[],
  currency: string,
): void {
  const sold = lines.map(({ price, taxRates }) => ({
    price: priceFor(ctx, price, currency),
    rates: ratesOf(ctx, taxRates),
  }));
  assertSellable({ defaults: [], isAutomatic: params.automatic_tax?.enabled ?? false }, sold);
}

/** The intent that a session in mode `setup` is about, with what was given for it. */
function createSetupOf(
  ctx: Context,
  session: Stripe.Checkout.Session,
  { setupIntentData: data }: CheckoutRow,
): Stripe.SetupIntent {
  return createSetup(ctx, {
    customer: idOrNull(session.customer),
    description: data?.description ?? null,
    ...(data?.metadata === undefined ? {} : { metadata: data.metadata }),
  });
}

/** A payment below what can be charged is refused as its payment intent would be; nothing is free. */
export function assertPayable({
  mode,
  amount_total,
  currency,
}: Pick<Stripe.Checkout.Session, 'mode' | 'amount_total' | 'currency'>): void {
  if (mode !== 'payment' || !amount_total) return;
  assertAmount(amount_total, currency!, 'line_items');
}

function buildDiscounts(
  ctx: Context,
  params: CreateParams,
  lines: CheckoutLine[],
  currency: string | null,
): Stripe.Checkout.Session.Discount[] | null {
  if (currency === null || !params.discounts) return params.mode === 'setup' ? null : [];
  return readDiscounts(ctx, params.discounts, {
    customer: params.customer ?? null,
    currency,
    lines,
    orderAmount: fullAmount(ctx, lines, currency),
  });
}

/** What the order is worth, a trial left aside: what a minimum amount is compared with. */
export function fullAmount(ctx: Context, lines: CheckoutLine[], currency: string): number {
  return lines.reduce(
    (sum, line) => sum + priceAmount(priceFor(ctx, line.price, currency), line.quantity),
    0,
  );
}
