import type { EndpointKey } from '../../../schema/index.ts';
import type { Known, Value } from '../values.ts';

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

/** The calls that are tried, one after the other: a parameter fits at least one of them. */
export type Contexts = Partial<Record<EndpointKey, readonly MakeContext[]>>;

export const id = (answer: Answer): string => String(answer.id);
export const oneOf = (list: unknown): Answer => (list as { data: Answer[] }).data[0]!;
export const post = async (send: Send, path: string, form: Form = {}): Promise<string> =>
  id(await send('POST', path, form));

export const returnUrl = 'https://example.com/return';

/** A customer with a card, and what there is to sell. */
async function shop(send: Send): Promise<Known> {
  const customer = await post(send, '/v1/customers', {
    email: 'wu@example.com',
    name: 'Wu',
    address: { country: 'DE', postal_code: '10115' },
  });
  const card = await post(send, '/v1/payment_methods/pm_card_visa/attach', { customer });
  await send('POST', `/v1/customers/${customer}`, {
    invoice_settings: { default_payment_method: card },
  });
  const product = await post(send, '/v1/products', { name: 'Pro' });
  const price = await post(send, '/v1/prices', {
    product,
    currency: 'cny',
    unit_amount: '2900',
    recurring: { interval: 'month' },
    tax_behavior: 'exclusive',
  });
  const tax_rate = await post(send, '/v1/tax_rates', {
    display_name: 'VAT',
    inclusive: 'false',
    percentage: '19',
  });
  const coupon = await post(send, '/v1/coupons', { percent_off: '50', duration: 'forever' });
  const promotion_code = await post(send, '/v1/promotion_codes', {
    promotion: { type: 'coupon', coupon },
  });
  const discounted = await send('POST', '/v1/invoices', { customer, discounts: [{ coupon }] });
  return {
    customer,
    discount: String((discounted.discounts as string[])[0]),
    payment_method: card,
    default_payment_method: card,
    product,
    price,
    coupon,
    promotion_code,
    tax_rate,
    default_tax_rate: tax_rate,
  };
}

type Make = (send: Send, known: Known) => Promise<[path: string, form: Form, more?: Known]>;

/** In a shop that is made for it. */
export const within =
  (make: Make): MakeContext =>
  async (send) => {
    const known = await shop(send);
    const [path, form, more = {}] = await make(send, known);
    return { path, form, known: { ...known, ...more } };
  };

export const monthly = (known: Known, amount = '500'): Form => ({
  product: known.product!,
  currency: 'cny',
  unit_amount: amount,
  recurring: { interval: 'month' },
});
export const subscribe = (send: Send, known: Known, more: Form = {}): Promise<Answer> =>
  send('POST', '/v1/subscriptions', {
    customer: known.customer!,
    items: [{ price: known.price! }],
    ...more,
  });
export const oneTime = (send: Send, known: Known): Promise<string> =>
  post(send, '/v1/prices', { product: known.product!, currency: 'cny', unit_amount: '900' });
/** Paid at once with the customer's card. */
export const pay = (send: Send, known: Known, more: Form = {}): Promise<Answer> =>
  send('POST', '/v1/payment_intents', {
    amount: '2000',
    currency: 'cny',
    customer: known.customer!,
    confirm: 'true',
    payment_method: known.payment_method!,
    return_url: returnUrl,
    ...more,
  });
/** A one-off invoice over CNY 9.00, a draft. */
export async function draft(send: Send, known: Known, more: Form = {}): Promise<string> {
  const invoice = await post(send, '/v1/invoices', {
    customer: known.customer!,
    currency: 'cny',
    ...more,
  });
  await send('POST', '/v1/invoiceitems', {
    customer: known.customer!,
    invoice,
    amount: '900',
    currency: 'cny',
  });
  return invoice;
}
export async function open(send: Send, known: Known, more: Form = {}): Promise<string> {
  const invoice = await draft(send, known, more);
  return post(send, `/v1/invoices/${invoice}/finalize`);
}
