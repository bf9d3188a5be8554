import type Stripe from 'stripe';
import type { CheckoutOrder, PostPaymentInvoice } from './ordered.ts';
import { keptOnIntent } from '../billing/payment/kept-params.ts';
import { idOrNull } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import type { CheckoutPayer, CheckoutRow } from './row.ts';

type Session = Stripe.Checkout.Session;

/** What the session asks of the billing engine, in the words of its own API. */
export function orderOf(
  ctx: Context,
  session: Session,
  row: CheckoutRow,
  payer: CheckoutPayer,
): CheckoutOrder {
  return {
    mode: session.mode as CheckoutOrder['mode'],
    customer: idOrNull(session.customer),
    newCustomer: newCustomer(payer),
    changes: namedChanges(row, payer),
    taxId: payer.taxId,
    isTaxAutomatic: session.automatic_tax.enabled,
    createsCustomer: session.customer_creation === 'always',
    currency: session.currency ?? 'usd',
    subscription: session.mode === 'subscription' ? subscriptionParams(ctx, session, row) : null,
    payment: session.mode === 'payment' ? paymentParams(session, row) : null,
    intent: row.intent,
    returnUrl: `${ctx.baseUrl}/c/pay/${session.id}`,
  };
}

function newCustomer(payer: CheckoutPayer): Stripe.CustomerCreateParams {
  return {
    ...(payer.email === null ? {} : { email: payer.email }),
    ...(payer.name === null ? {} : { name: payer.name }),
    ...(payer.phone === null ? {} : { phone: payer.phone }),
    ...(payer.address === null ? {} : { address: payer.address as unknown as Stripe.AddressParam }),
  };
}

/** `customer_update` lets what was typed go to the customer the session came with. */
function namedChanges(
  { customerUpdate }: CheckoutRow,
  payer: CheckoutPayer,
): Partial<Stripe.Customer> {
  const patch: Partial<Stripe.Customer> = {};
  if (customerUpdate?.name === 'auto' && payer.name !== null) patch.name = payer.name;
  if (customerUpdate?.address === 'auto' && payer.address !== null) patch.address = payer.address;
  // A phone number that was asked for is saved with the customer whatever `customer_update` says.
  if (payer.phone !== null) patch.phone = payer.phone;
  return patch;
}

function paymentParams(session: Session, row: CheckoutRow): NonNullable<CheckoutOrder['payment']> {
  const data = row.paymentIntentData ?? {};
  const reuse = data.setup_future_usage ?? null;
  return {
    amountMinor: session.amount_total ?? 0,
    description: data.description ?? null,
    metadata: data.metadata ?? {},
    setupFutureUsage: reuse as 'on_session' | 'off_session' | null,
    captureMethod: data.capture_method ?? 'automatic',
    kept: { ...keptOnIntent(data), ...wechatOf(session) },
    types: session.payment_method_types,
    invoice: session.invoice_creation?.enabled ? purchaseInvoice(session, row) : null,
  };
}

/** A code of WeChat is scanned from a page of the web. */
function wechatOf({ payment_method_options: options }: Session): Partial<Stripe.PaymentIntent> {
  const wechat = options?.wechat_pay;
  return wechat === undefined ? {} : { payment_method_options: { wechat_pay: wechat } };
}

function purchaseInvoice(session: Session, row: CheckoutRow): PostPaymentInvoice {
  const { description, footer, metadata, custom_fields } = session.invoice_creation!.invoice_data;
  return {
    lines: row.lines.map(({ price, quantity, taxRates }) => ({
      price,
      quantity: quantity ?? 1,
      taxRates,
    })),
    discounts: discountsOf(session),
    description,
    footer,
    metadata: metadata ?? {},
    customFields: custom_fields,
  };
}

function discountsOf(session: Session): { coupon?: string; promotion_code?: string }[] {
  return (session.discounts ?? []).map(({ coupon, promotion_code }) => {
    const code = idOrNull(promotion_code);
    return code === null ? { coupon: idOrNull(coupon) ?? '' } : { promotion_code: code };
  });
}

type SubscriptionParams = NonNullable<CheckoutOrder['subscription']>;

function subscriptionParams(ctx: Context, session: Session, row: CheckoutRow): SubscriptionParams {
  const items: NonNullable<SubscriptionParams['items']> = [];
  const onceOnly: NonNullable<SubscriptionParams['add_invoice_items']> = [];
  for (const { price, quantity, taxRates, metadata } of row.lines) {
    const rates = taxRates.length === 0 ? {} : { tax_rates: taxRates };
    const one = { price, ...(quantity === null ? {} : { quantity }), ...rates };
    if (ctx.store.get('price', price).recurring === null) onceOnly.push(one);
    else items.push({ ...one, metadata });
  }
  const { on_behalf_of: _onBehalfOf, ...data } = row.subscriptionData ?? {};
  const discounts = discountsOf(session);
  return {
    ...withoutNulls(data as SubscriptionParams),
    currency: session.currency ?? 'usd',
    items,
    ...(session.automatic_tax.enabled ? { automatic_tax: { enabled: true } } : {}),
    ...(onceOnly.length === 0 ? {} : { add_invoice_items: onceOnly }),
    ...(discounts.length === 0 ? {} : { discounts }),
  };
}

/** A null in parameters means "unset", which for something new is the same as not given. */
function withoutNulls<T extends object>(params: T): T {
  const given = Object.entries(params).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(given) as T;
}
