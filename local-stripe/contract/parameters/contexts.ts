import type { EndpointKey } from '../../schema/index.ts';
import type { Known, Value } from './values.ts';

export type Form = Record<string, Value>;
export type Answer = Record<string, unknown>;
export type Send = (method: string, path: string, form?: Form) => Promise<Answer>;

/** A call that is right as it is, to which a parameter is added. */
export interface Context {
  path: string;
  form: Form;
  known: Known;
}
export type MakeContext = (send: Send) => Promise<Context>;

const id = (answer: Answer): string => String(answer.id);

/** A customer with a card, and what there is to sell. */
async function shop(send: Send): Promise<Known> {
  const wu = { email: 'wu@example.com', name: 'Wu', address: { country: 'DE' } };
  const customer = id(await send('POST', '/v1/customers', wu));
  const card = id(await send('POST', '/v1/payment_methods/pm_card_visa/attach', { customer }));
  await send('POST', `/v1/customers/${customer}`, {
    invoice_settings: { default_payment_method: card },
  });
  const product = id(await send('POST', '/v1/products', { name: 'Pro' }));
  const monthly = {
    product,
    currency: 'cny',
    unit_amount: '2900',
    recurring: { interval: 'month' },
    tax_behavior: 'exclusive',
  };
  const price = id(await send('POST', '/v1/prices', monthly));
  const coupon = id(await send('POST', '/v1/coupons', { percent_off: '50', duration: 'forever' }));
  const vat = { display_name: 'VAT', percentage: '19', inclusive: 'false' };
  const rate = id(await send('POST', '/v1/tax_rates', vat));
  return {
    customer,
    payment_method: card,
    default_payment_method: card,
    product,
    price,
    coupon,
    tax_rate: rate,
    default_tax_rate: rate,
  };
}

const subscribe = async (send: Send, known: Known) =>
  send('POST', '/v1/subscriptions', {
    customer: known.customer!,
    items: [{ price: known.price! }],
  });
const oneTime = async (send: Send, known: Known) =>
  id(
    await send('POST', '/v1/prices', {
      product: known.product!,
      currency: 'cny',
      unit_amount: '900',
    }),
  );

type Make = (send: Send, known: Known) => Promise<[path: string, form: Form, more?: Known]>;
const within =
  (make: Make): MakeContext =>
  async (send) => {
    const known = await shop(send);
    const [path, form, more = {}] = await make(send, known);
    return { path, form, known: { ...known, ...more } };
  };

const intent = (known: Known): Form => ({
  amount: '2000',
  currency: 'cny',
  customer: known.customer!,
});

/** The endpoints that change something and take more than a name. */
export const contexts: Partial<Record<EndpointKey, MakeContext>> = {
  'POST /v1/customers': within(async () => ['/v1/customers', { email: 'wu@example.com' }]),
  'POST /v1/customers/:id': within(async (_s, k) => [`/v1/customers/${k.customer!}`, {}]),
  'POST /v1/products': within(async () => ['/v1/products', { name: 'Team' }]),
  'POST /v1/products/:id': within(async (_s, k) => [`/v1/products/${k.product!}`, {}]),
  'POST /v1/prices': within(async (_s, k) => [
    '/v1/prices',
    { product: k.product!, currency: 'cny', unit_amount: '100', recurring: { interval: 'month' } },
  ]),
  'POST /v1/prices/:id': within(async (_s, k) => [`/v1/prices/${k.price!}`, {}]),
  'POST /v1/coupons': within(async () => ['/v1/coupons', { percent_off: '20' }]),
  'POST /v1/coupons/:id': within(async (_s, k) => [`/v1/coupons/${k.coupon!}`, {}]),
  'POST /v1/promotion_codes': within(async (_s, k) => [
    '/v1/promotion_codes',
    { promotion: { type: 'coupon', coupon: k.coupon! } },
  ]),
  'POST /v1/subscriptions': within(async (send, k) => [
    '/v1/subscriptions',
    { customer: k.customer!, items: [{ price: k.price! }] },
    { one_time: await oneTime(send, k) },
  ]),
  'POST /v1/subscriptions/:id': within(async (send, k) => {
    const made = await subscribe(send, k);
    return [`/v1/subscriptions/${id(made)}`, {}];
  }),
  'POST /v1/subscription_items': within(async (send, k) => {
    const made = await subscribe(send, k);
    const other = {
      product: k.product!,
      currency: 'cny',
      unit_amount: '500',
      recurring: { interval: 'month' },
    };
    return [
      '/v1/subscription_items',
      { subscription: id(made), price: id(await send('POST', '/v1/prices', other)) },
    ];
  }),
  'POST /v1/invoices': within(async (_s, k) => ['/v1/invoices', { customer: k.customer! }]),
  'POST /v1/invoices/:id': within(async (send, k) => {
    const made = await send('POST', '/v1/invoices', { customer: k.customer! });
    return [`/v1/invoices/${id(made)}`, {}];
  }),
  'POST /v1/invoiceitems': within(async (_s, k) => [
    '/v1/invoiceitems',
    { customer: k.customer!, amount: '500', currency: 'cny' },
  ]),
  'POST /v1/invoiceitems/:id': within(async (send, k) => {
    const form = { customer: k.customer!, amount: '500', currency: 'cny' };
    return [`/v1/invoiceitems/${id(await send('POST', '/v1/invoiceitems', form))}`, {}];
  }),
  'POST /v1/payment_intents': within(async (_s, k) => ['/v1/payment_intents', intent(k)]),
  'POST /v1/payment_intents/:id': within(async (send, k) => {
    const made = await send('POST', '/v1/payment_intents', intent(k));
    return [`/v1/payment_intents/${id(made)}`, {}];
  }),
  'POST /v1/payment_intents/:id/confirm': within(async (send, k) => {
    const made = await send('POST', '/v1/payment_intents', intent(k));
    return [
      `/v1/payment_intents/${id(made)}/confirm`,
      { payment_method: k.payment_method!, return_url: 'https://example.com/return' },
    ];
  }),
  'POST /v1/payment_intents/:id/capture': within(async (send, k) => {
    const made = await send('POST', '/v1/payment_intents', {
      ...intent(k),
      capture_method: 'manual',
      confirm: 'true',
      payment_method: k.payment_method!,
      return_url: 'https://example.com/return',
    });
    return [`/v1/payment_intents/${id(made)}/capture`, {}];
  }),
  'POST /v1/setup_intents': within(async (_s, k) => [
    '/v1/setup_intents',
    { customer: k.customer! },
  ]),
  'POST /v1/setup_intents/:id': within(async (send, k) => {
    const made = await send('POST', '/v1/setup_intents', { customer: k.customer! });
    return [`/v1/setup_intents/${id(made)}`, {}];
  }),
  'POST /v1/setup_intents/:id/confirm': within(async (send, k) => {
    const made = await send('POST', '/v1/setup_intents', { customer: k.customer! });
    return [
      `/v1/setup_intents/${id(made)}/confirm`,
      { payment_method: 'pm_card_visa', return_url: 'https://example.com/return' },
    ];
  }),
  'POST /v1/payment_methods': within(async () => [
    '/v1/payment_methods',
    { type: 'card', card: { token: 'tok_visa' } },
  ]),
  'POST /v1/payment_methods/:id': within(async (_s, k) => [
    `/v1/payment_methods/${k.payment_method!}`,
    {},
  ]),
  'POST /v1/refunds': within(async (send, k) => {
    const paid = await send('POST', '/v1/payment_intents', {
      ...intent(k),
      confirm: 'true',
      payment_method: k.payment_method!,
      return_url: 'https://example.com/return',
    });
    return ['/v1/refunds', { payment_intent: id(paid) }];
  }),
  'POST /v1/charges/:id': within(async (send, k) => {
    const paid = await send('POST', '/v1/payment_intents', {
      ...intent(k),
      confirm: 'true',
      payment_method: k.payment_method!,
      return_url: 'https://example.com/return',
    });
    return [`/v1/charges/${String(paid.latest_charge)}`, {}];
  }),
  'POST /v1/checkout/sessions': within(async (_s, k) => [
    '/v1/checkout/sessions',
    {
      mode: 'subscription',
      line_items: [{ price: k.price!, quantity: '1' }],
      success_url: 'https://example.com/done',
    },
  ]),
  'POST /v1/subscription_schedules': within(async (_s, k) => [
    '/v1/subscription_schedules',
    {
      customer: k.customer!,
      start_date: 'now',
      phases: [{ items: [{ price: k.price! }], duration: { interval: 'month' } }],
    },
  ]),
  'POST /v1/billing_portal/configurations': within(async () => [
    '/v1/billing_portal/configurations',
    { features: { invoice_history: { enabled: 'true' } } },
  ]),
};
