import type { EndpointKey } from '../../schema/index.ts';
import type { Pool } from './pool.ts';
import type { Random } from './random.ts';
import type { FormValue } from './values.ts';

type Form = { [key: string]: FormValue };

/** What makes a request to an endpoint likely to succeed. */
export interface Recipe {
  /** The kind of object that the path is about, narrowed by its status: `invoice:open`. */
  of?: string;
  form?: (pool: Pool, random: Random) => Form;
}

const given = (entries: Record<string, FormValue | undefined>): Form =>
  Object.fromEntries(
    Object.entries(entries).filter((entry): entry is [string, FormValue] => entry[1] !== undefined),
  );

const amount = (random: Random) => String(random.integer(100, 9000));
const someCard = (random: Random) =>
  random.pick([
    'pm_card_visa',
    'pm_card_visa',
    'pm_card_mastercard',
    'pm_card_chargeCustomerFail',
    'pm_card_authenticationRequired',
    'pm_card_createDispute',
    'pm_card_createIssuerFraudRecord',
    'pm_card_pendingRefund',
  ]);
const items = (pool: Pool) => [given({ price: pool.idOf('price:recurring') })];
const ratesOf = (pool: Pool) => {
  const rate = pool.idOf('tax_rate');
  return rate === undefined ? undefined : [rate];
};
const back = 'https://example.com/back';

/** Paid at once by a card that the request brings along. */
const payment = (pool: Pool, random: Random) =>
  given({
    amount: amount(random),
    currency: 'cny',
    customer: pool.idOf('customer'),
    payment_method: someCard(random),
    confirm: 'true',
    return_url: back,
    capture_method: random.chance(0.3) ? 'manual' : 'automatic',
  });

/** A little off what an open invoice owes. */
const credit = (pool: Pool) => given({ invoice: pool.idOf('invoice:open'), amount: '1' });

export const recipes: Partial<Record<EndpointKey, Recipe>> = {
  'POST /v1/customers': {
    form: (_pool, random) => {
      const card = random.pick(['pm_card_visa', 'pm_card_visa', 'pm_card_chargeCustomerFail']);
      return {
        payment_method: card,
        invoice_settings: { default_payment_method: card },
        ...(random.chance(0.6) ? { address: { country: random.pick(['DE', 'FR', 'US']) } } : {}),
      };
    },
  },
  'GET /v1/customers/:customerId/payment_methods/:id': { of: 'payment_method' },
  'POST /v1/prices': {
    form: (pool, random) =>
      given({
        currency: 'cny',
        unit_amount: amount(random),
        product: pool.idOf('product'),
        ...(random.chance(0.5)
          ? { tax_behavior: random.pick(['exclusive', 'exclusive', 'inclusive']) }
          : {}),
        recurring: { interval: random.pick(['day', 'week', 'month', 'year']) },
      }),
  },
  'GET /v1/products/search': { form: () => ({ query: 'active:"true"' }) },
  'GET /v1/prices/search': { form: () => ({ query: 'currency:"cny"' }) },
  'POST /v1/checkout/sessions': {
    form: (pool) =>
      given({
        mode: 'subscription',
        line_items: [given({ price: pool.idOf('price:recurring'), quantity: '1' })],
        success_url: back,
        customer: pool.idOf('customer'),
      }),
  },
  'POST /v1/checkout/sessions/:id/expire': { of: 'checkout.session:open' },
  'POST /v1/subscriptions': {
    form: (pool, random) =>
      given({
        customer: pool.idOf('customer'),
        items: items(pool),
        ...(random.chance(0.2) ? { billing_mode: { type: 'classic' } } : {}),
        ...(random.chance(0.2) ? { discounts: [given({ coupon: pool.idOf('coupon') })] } : {}),
        ...(random.chance(0.2) ? { trial_period_days: '10' } : {}),
        ...(random.chance(0.1) ? { automatic_tax: { enabled: 'true' } } : {}),
        ...(random.chance(0.2) ? given({ default_tax_rates: ratesOf(pool) }) : {}),
        ...(random.chance(0.3)
          ? {
              payment_behavior: random.pick([
                'default_incomplete',
                'error_if_incomplete',
                'allow_incomplete',
              ]),
            }
          : {}),
      }),
  },
  'POST /v1/subscriptions/:id': {
    of: 'subscription:active',
    form: (pool, random) =>
      given({
        proration_behavior: random.pick(['none', 'always_invoice', 'create_prorations']),
        ...(random.chance(0.3) ? { cancel_at_period_end: 'true' } : {}),
        ...(random.chance(0.5) ? { items: items(pool) } : {}),
      }),
  },
  'POST /v1/promotion_codes': {
    form: (pool) => ({ promotion: given({ type: 'coupon', coupon: pool.idOf('coupon') }) }),
  },
  'POST /v1/promotion_codes/:id': { of: 'promotion_code', form: () => ({ active: 'true' }) },
  'DELETE /v1/subscriptions/:id/discount': { of: 'subscription:active' },
  'POST /v1/subscriptions/:id/migrate': {
    of: 'subscription:active',
    form: () => ({ billing_mode: { type: 'flexible' } }),
  },
  'POST /v1/subscriptions/:id/pause': { of: 'subscription:active' },
  'POST /v1/subscriptions/:id/resume': { of: 'subscription:paused' },
  'POST /v1/subscription_items': {
    form: (pool) =>
      given({
        subscription: pool.idOf('subscription:active'),
        price: pool.idOf('price:recurring'),
      }),
  },
  'GET /v1/subscription_items': {
    form: (pool) => given({ subscription: pool.idOf('subscription') }),
  },
  'POST /v1/subscription_schedules': {
    form: (pool) => given({ from_subscription: pool.idOf('subscription:active') }),
  },
  'POST /v1/subscription_schedules/:id': {
    of: 'subscription_schedule:active',
    form: (_pool, random) => ({ end_behavior: random.pick(['release', 'cancel']) }),
  },
  'POST /v1/subscription_schedules/:id/cancel': { of: 'subscription_schedule:active' },
  'POST /v1/subscription_schedules/:id/release': { of: 'subscription_schedule:active' },
  'POST /v1/invoices': { form: (pool) => given({ customer: pool.idOf('customer') }) },
  'POST /v1/invoices/create_preview': {
    form: (pool, random) =>
      random.chance(0.5)
        ? given({ subscription: pool.idOf('subscription:active') })
        : given({
            customer: pool.idOf('customer'),
            subscription_details: { items: items(pool) },
          }),
  },
  'DELETE /v1/invoices/:id': { of: 'invoice:draft' },
  'POST /v1/invoices/:id/finalize': { of: 'invoice:draft' },
  'POST /v1/invoices/:id/send': { of: 'invoice:open' },
  'POST /v1/invoices/:id/pay': { of: 'invoice:open' },
  'POST /v1/invoices/:id/void': { of: 'invoice:open' },
  'POST /v1/invoices/:id/mark_uncollectible': { of: 'invoice:open' },
  'POST /v1/invoices/:id/add_lines': {
    of: 'invoice:draft',
    form: (_pool, random) => ({ lines: [{ amount: amount(random), description: 'More' }] }),
  },
  'POST /v1/credit_notes': { form: credit },
  'GET /v1/credit_notes/preview': { form: credit },
  'GET /v1/credit_notes/preview/lines': { form: credit },
  'GET /v1/credit_notes/:id': { of: 'credit_note' },
  'POST /v1/credit_notes/:id': { of: 'credit_note' },
  'GET /v1/credit_notes/:id/lines': { of: 'credit_note' },
  'POST /v1/credit_notes/:id/void': { of: 'credit_note:issued' },
  'GET /v1/plans/:id': { of: 'price:recurring' },
  'POST /v1/tax_rates': {
    form: () => ({ display_name: 'VAT', inclusive: 'false', percentage: '19' }),
  },
  'GET /v1/tax_rates/:id': { of: 'tax_rate' },
  'POST /v1/tax_rates/:id': { of: 'tax_rate' },
  'POST /v1/tax_ids': { form: () => ({ type: 'eu_vat', value: 'DE123456789' }) },
  'GET /v1/tax_ids/:id': { of: 'tax_id' },
  'DELETE /v1/tax_ids/:id': { of: 'tax_id' },
  'GET /v1/radar/early_fraud_warnings/:id': { of: 'radar.early_fraud_warning' },
  'POST /v1/invoiceitems': {
    form: (pool, random) =>
      given({
        customer: pool.idOf('customer'),
        amount: amount(random),
        currency: 'cny',
        invoice: random.chance(0.4) ? pool.idOf('invoice:draft') : undefined,
      }),
  },
  'POST /v1/payment_intents': { form: payment },
  'POST /v1/payment_intents/:id/capture': { of: 'payment_intent:requires_capture' },
  'POST /v1/payment_intents/:id/confirm': {
    of: 'payment_intent:requires_payment_method',
    form: (_pool, random) => ({ payment_method: someCard(random), return_url: back }),
  },
  'POST /v1/setup_intents/:id/confirm': {
    of: 'setup_intent:requires_payment_method',
    form: (_pool, random) => ({ payment_method: someCard(random), return_url: back }),
  },
  'POST /v1/payment_methods': {
    form: (_pool, random) => ({
      type: 'card',
      card: { token: random.pick(['tok_visa', 'tok_chargeDeclined']) },
    }),
  },
  'POST /v1/refunds': { form: (pool) => given({ charge: pool.idOf('charge:succeeded') }) },
  'POST /v1/refunds/:id/cancel': { of: 'refund:pending' },
  'POST /v1/disputes/:id': {
    of: 'dispute:needs_response',
    form: () => ({ evidence: { uncategorized_text: 'winning_evidence' } }),
  },
  'POST /v1/billing/meter_events': {
    form: (pool, random) =>
      given({
        event_name: pool.idOf('event_name'),
        identifier: `event_${random.integer(1, 200)}`,
        payload: given({ stripe_customer_id: pool.idOf('customer'), value: amount(random) }),
      }),
  },
  'POST /v1/billing/meter_event_adjustments': {
    form: (pool, random) =>
      given({
        event_name: pool.idOf('event_name'),
        type: 'cancel',
        cancel: { identifier: `event_${random.integer(1, 200)}` },
      }),
  },
  'GET /v1/billing/meters/:id/event_summaries': {
    form: (pool) => given({ customer: pool.idOf('customer') }),
  },
  'GET /v1/entitlements/active_entitlements': {
    form: (pool) => given({ customer: pool.idOf('customer') }),
  },
  'POST /v1/webhook_endpoints': {
    // Asks for what never happens, so that nothing is sent anywhere.
    form: () => ({ url: 'http://127.0.0.1:9/webhooks', enabled_events: ['topup.failed'] }),
  },
  'POST /v1/webhook_endpoints/:id': {
    form: () => ({ url: 'http://127.0.0.1:9/', enabled_events: ['topup.failed'] }),
  },
};
