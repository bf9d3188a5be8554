import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alternatives, getEndpoint } from '../schema/document.ts';
import type { JsonSchema } from '../schema/json-schema.ts';
import { isSandbox, localOf } from './support/subject.ts';
import { openWorld } from './support/world.ts';
import type { World } from './support/world.ts';

let world: World;
/** One of each: the path of its list, and its id. */
const ids: Record<string, string> = {};

beforeAll(async () => {
  world = await openWorld();
  const { stripe, customer } = world;
  const { id: coupon } = await stripe.coupons.create({ percent_off: 10, duration: 'forever' });
  const code = await stripe.promotionCodes.create({ promotion: { type: 'coupon', coupon } });
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: world.proMonthly.id }],
    discounts: [{ promotion_code: code.id }],
    expand: ['latest_invoice.payments'],
  });
  const invoice = subscription.latest_invoice as Stripe.Invoice;
  const payment = invoice.payments!.data[0]!;
  const intent = payment.payment.payment_intent as string;
  const schedule = await stripe.subscriptionSchedules.create({
    from_subscription: subscription.id,
  });
  const { latest_charge } = await stripe.paymentIntents.retrieve(intent);
  const refund = await stripe.refunds.create({ charge: latest_charge as string, amount: 100 });
  const setup = await stripe.setupIntents.create({ customer: customer.id });
  const item = await stripe.invoiceItems.create({
    customer: customer.id,
    amount: 100,
    currency: 'cny',
  });
  const session = await stripe.checkout.sessions.create({
    mode: 'subscription',
    customer: customer.id,
    line_items: [{ price: world.proMonthly.id, quantity: 1 }],
    success_url: 'https://example.com',
  });
  Object.assign(ids, {
    '/v1/charges': latest_charge,
    '/v1/checkout/sessions': session.id,
    '/v1/coupons': coupon,
    '/v1/customers': customer.id,
    '/v1/invoice_payments': payment.id,
    '/v1/invoiceitems': item.id,
    '/v1/invoices': invoice.id,
    '/v1/payment_intents': intent,
    '/v1/payment_methods': world.card,
    '/v1/prices': world.proMonthly.id,
    '/v1/products': world.product.id,
    '/v1/promotion_codes': code.id,
    '/v1/refunds': refund.id,
    '/v1/setup_intents': setup.id,
    '/v1/subscription_items': subscription.items.data[0]!.id,
    '/v1/subscription_schedules': schedule.id,
    '/v1/subscriptions': subscription.id,
  });
});
afterAll(() => world.close());

const paths = [
  '/v1/charges',
  '/v1/checkout/sessions',
  '/v1/coupons',
  '/v1/customers',
  '/v1/invoice_payments',
  '/v1/invoiceitems',
  '/v1/invoices',
  '/v1/payment_intents',
  '/v1/payment_methods',
  '/v1/prices',
  '/v1/products',
  '/v1/promotion_codes',
  '/v1/refunds',
  '/v1/setup_intents',
  '/v1/subscription_items',
  '/v1/subscription_schedules',
  '/v1/subscriptions',
];

const inside = (schema: JsonSchema): JsonSchema[] =>
  alternatives(schema).flatMap((one) => (one.items === undefined ? [one] : inside(one.items)));
const isWhole = ({ type, reference }: JsonSchema) => type === 'object' || reference === true;

/** The fields of an answer that may be expanded, or (`plain`) may not, `depth` steps down. */
function fieldsOf(from: JsonSchema[], depth: number, plain = false): string[] {
  const found = from.flatMap(({ properties }) => Object.entries(properties ?? {}));
  const fields = found.flatMap(([name, schema]) => {
    const here = inside(schema);
    const own = here.some(isWhole) === plain ? [] : [name];
    const below = depth > 1 && here.some(({ type }) => type === 'object');
    return [
      ...own,
      ...(below ? fieldsOf(here, depth - 1, plain).map((one) => `${name}.${one}`) : []),
    ];
  });
  return [...new Set(fields)];
}

async function statusOf(path: string, expand: string): Promise<{ status: number; body: object }> {
  const { url, fetch } = localOf(world);
  const mark = path.includes('?') ? '&' : '?';
  const request = new Request(`${url}${path}${mark}expand[]=${expand}`, {
    headers: { authorization: 'Bearer sk_test_expand' },
  });
  const response = await fetch(request);
  return { status: response.status, body: (await response.json()) as object };
}

async function failing(path: string, fields: string[], wanted: number): Promise<string[]> {
  const wrong: string[] = [];
  for (const field of fields) {
    const { status, body } = await statusOf(path, field);
    if (status !== wanted) wrong.push(`${field}: ${status} ${JSON.stringify(body).slice(0, 200)}`);
  }
  return wrong;
}

// The server holds every answer against the SDK's types: an empty value that is none is a 500.
describe.skipIf(isSandbox)('8.1 what can be expanded', () => {
  test.each(paths)('%s/:id: every field of the types that is an object', async (path) => {
    const answer = inside(getEndpoint(`GET ${path}/:id`).response);
    const fields = fieldsOf(answer, 2);
    expect(fields.length).toBeGreaterThan(0);
    expect(await failing(`${path}/${ids[path]}`, fields, 200)).toEqual([]);
    const plain = fieldsOf(answer, 1, true);
    expect(
      await failing(`${path}/${ids[path]}`, [...plain, 'nonsense', 'id.nonsense'], 400),
    ).toEqual([]);
  });

  test.each(paths)('%s: the same in a list', async (path) => {
    const query =
      path === '/v1/subscription_items' ? `?subscription=${ids['/v1/subscriptions']}` : '';
    const list = inside(getEndpoint(`GET ${path}`).response);
    const fields = fieldsOf(list, 2).filter((field) => field.startsWith('data.'));
    expect(fields.length).toBeGreaterThan(0);
    expect(await failing(`${path}${query}`, fields, 200)).toEqual([]);
    expect(
      await failing(`${path}${query}`, ['nonsense', 'data.nonsense', 'customer'], 400),
    ).toEqual([]);
  });

  test('what is not there is empty', async () => {
    const { stripe } = world;
    const { id } = await stripe.customers.create();
    const expand = [
      'tax',
      'invoice_credit_balance',
      'cash_balance',
      'sources',
      'subscriptions',
      'tax_ids',
    ];
    expect(await stripe.customers.retrieve(id, { expand })).toMatchObject({
      tax: { automatic_tax: 'unrecognized_location', location: null, ip_address: null },
      invoice_credit_balance: {},
      cash_balance: null,
      sources: { object: 'list', data: [] },
      subscriptions: { object: 'list', data: [] },
      tax_ids: { object: 'list', data: [] },
    });
  });

  test('a path through what is null is checked all the same', async () => {
    const { stripe } = world;
    const { id } = await stripe.setupIntents.create({});
    expect(await stripe.setupIntents.retrieve(id, { expand: ['customer.tax'] })).toMatchObject({
      customer: null,
    });
    for (const expand of [['customer.nonsense'], ['payment_intent'], ['__proto__'], ['toString']]) {
      await expect(stripe.setupIntents.retrieve(id, { expand })).rejects.toMatchObject({
        statusCode: 400,
        param: 'expand',
      });
    }
  });
});
