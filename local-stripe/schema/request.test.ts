import { expect, test } from 'vitest';
import { StripeError } from '../kernel/errors.ts';
import { parseForm } from '../kernel/form.ts';
import type { RawParams } from '../kernel/form.ts';
import { validateRequest } from './index.ts';

const checkout = 'POST /v1/checkout/sessions';
const subscription = 'POST /v1/subscriptions';
const change = 'POST /v1/subscriptions/:id';
const customer = 'POST /v1/customers';

function validate(endpoint: string, form: string) {
  return validateRequest(endpoint, parseForm(form) as RawParams);
}

function refusal(endpoint: string, form: string) {
  try {
    validate(endpoint, form);
  } catch (error) {
    if (error instanceof StripeError) return { status: error.status, ...error.body };
    throw error;
  }
  throw new Error(`${form} was accepted`);
}

test.each([
  [customer, 'email=a%40b.cn&metadata[a]=1', { email: 'a@b.cn', metadata: { a: '1' } }],
  [customer, 'balance=-300', { balance: -300 }],
  ['POST /v1/customers/:id', 'description=&metadata=', { description: null, metadata: null }],
  [
    'POST /v1/customers/:id',
    'address[line2]=&metadata[a]=',
    { address: { line2: null }, metadata: { a: null } },
  ],
  [change, 'default_payment_method=', { default_payment_method: null }],
  [change, 'cancel_at=', { cancel_at: null }],
  [change, 'cancel_at=1700000000', { cancel_at: 1_700_000_000 }],
  [change, 'cancel_at=max_period_end', { cancel_at: 'max_period_end' }],
  [change, 'trial_end=now', { trial_end: 'now' }],
  [change, 'cancel_at_period_end=true', { cancel_at_period_end: true }],
  [change, 'billing_cycle_anchor[type]=now', { billing_cycle_anchor: { type: 'now' } }],
  [
    subscription,
    'customer=cus_1&items[1][price]=b&items[0][price]=a&items[0][quantity]=2',
    { customer: 'cus_1', items: [{ price: 'a', quantity: 2 }, { price: 'b' }] },
  ],
  [
    subscription,
    'customer=cus_1&billing_cycle_anchor=1800000000',
    { customer: 'cus_1', billing_cycle_anchor: 1_800_000_000 },
  ],
  ['GET /v1/customers', 'limit=3&created[gte]=5', { limit: 3, created: { gte: 5 } }],
  ['GET /v1/customers', 'created=5', { created: 5 }],
  [
    'GET /v1/prices',
    'lookup_keys[]=a&lookup_keys[]=b&active=false',
    { lookup_keys: ['a', 'b'], active: false },
  ],
  [
    'POST /v1/prices',
    'currency=CNY&unit_amount_decimal=0.5&product=p',
    { currency: 'cny', unit_amount_decimal: '0.5', product: 'p' },
  ],
  ['POST /v1/coupons', 'percent_off=12.5', { percent_off: 12.5 }],
  ['GET /v1/customers/:customer', 'expand[]=subscriptions', { expand: ['subscriptions'] }],
  ['POST /v1/products', 'name=Pro&id=prod_pro', { name: 'Pro', id: 'prod_pro' }],
])('%s takes %s', (endpoint, form, params) => {
  expect(validate(endpoint, form)).toEqual(params);
});

test.each([
  [
    customer,
    'emial=a',
    'parameter_unknown',
    'emial',
    'Received unknown parameter: emial. Did you mean email?',
  ],
  [customer, 'foo=1&bar=2', 'parameter_unknown', 'foo', 'Received unknown parameters: foo, bar'],
  [
    subscription,
    'customer=c&items[0][foo]=1',
    'parameter_unknown',
    'items[0][foo]',
    'Received unknown parameter: items[0][foo]',
  ],
  [
    subscription,
    'customer=c&coupon=x',
    'parameter_unknown',
    'coupon',
    'Received unknown parameter: coupon',
  ],
  [
    'POST /v1/subscription_schedules/:id',
    'phases[0][items][0][price]=p&phases[0][iterations]=1',
    'parameter_unknown',
    'phases[0][iterations]',
    /unknown parameter: phases\[0\]\[iterations\]/,
  ],
  [
    checkout,
    'mode=subscription&payment_method_types[0]=card',
    'payment_method_types_no_longer_supported',
    'payment_method_types',
    /no longer supported/,
  ],
  [
    'POST /v1/payment_intents',
    'amount=1&currency=usd&payment_method_types[]=card',
    'payment_method_types_no_longer_supported',
    'payment_method_types',
    /no longer supported/,
  ],
  [
    checkout,
    'mode=subscribtion',
    undefined,
    'mode',
    'Invalid mode: must be one of payment, setup, or subscription',
  ],
  [change, 'billing_cycle_anchor=now', undefined, 'billing_cycle_anchor', /Invalid object/],
  [
    change,
    'billing_cycle_anchor[type]=never',
    undefined,
    'billing_cycle_anchor[type]',
    /must be one of/,
  ],
  [
    change,
    'cancel_at=tomorrow',
    undefined,
    'cancel_at',
    /must be one of max_billed_until, .*or a unix timestamp/,
  ],
  [change, 'cancel_at_period_end=yes', undefined, 'cancel_at_period_end', 'Invalid boolean: yes'],
  [
    change,
    'days_until_due=soon',
    'parameter_invalid_integer',
    'days_until_due',
    'Invalid integer: soon',
  ],
  [change, 'items=now', undefined, 'items', 'Invalid array'],
  [change, 'items[price]=now', undefined, 'items', 'Invalid array'],
  [change, 'items[0]=now', undefined, 'items[0]', 'Invalid object'],
  [
    change,
    'items[0][quantity]=-1',
    'parameter_invalid_integer',
    'items[0][quantity]',
    /greater than or equal to 0/,
  ],
  [
    change,
    'items[0][quantity]=99999999999999999999',
    'parameter_invalid_integer',
    'items[0][quantity]',
    /Invalid integer/,
  ],
  [
    change,
    'items[0][quantity]=1e3',
    'parameter_invalid_integer',
    'items[0][quantity]',
    /Invalid integer/,
  ],
  [change, 'trial_end=1700000000000', 'parameter_invalid_integer', 'trial_end', /Invalid integer/],
  ['POST /v1/products', '', 'parameter_missing', 'name', 'Missing required param: name.'],
  [
    checkout,
    'line_items[0][price_data][unit_amount]=5',
    'parameter_missing',
    'line_items[0][price_data][currency]',
    /Missing required param/,
  ],
  [checkout, 'customer=', 'parameter_invalid_empty', 'customer', /empty string for 'customer'/],
  [checkout, 'success_url=/done', 'url_invalid', 'success_url', /explicit scheme/],
  [customer, 'email=nobody', 'email_invalid', 'email', 'Invalid email address: nobody'],
  [customer, `name=${'x'.repeat(5001)}`, undefined, 'name', /at most 5000 characters/],
  [customer, `metadata[${'k'.repeat(41)}]=1`, undefined, 'metadata', /up to 40 characters/],
  [customer, `metadata[a]=${'v'.repeat(501)}`, undefined, 'metadata[a]', /up to 500 characters/],
  [customer, 'metadata[a][b]=1', undefined, 'metadata[a]', /Invalid string/],
  [customer, 'name[first]=Wu', undefined, 'name', /Invalid string/],
  [customer, '__proto__=1', 'parameter_unknown', '__proto__', /unknown parameter/],
  [customer, 'constructor=1', 'parameter_unknown', 'constructor', /unknown parameter/],
  ['POST /v1/prices', 'currency=zzz', undefined, 'currency', 'Invalid currency: zzz.'],
  [
    'GET /v1/customers',
    'limit=101',
    'parameter_invalid_integer',
    'limit',
    /less than or equal to 100/,
  ],
  [
    'GET /v1/customers',
    'limit=0',
    'parameter_invalid_integer',
    'limit',
    /greater than or equal to 1/,
  ],
  ['DELETE /v1/customers/:id', 'force=true', 'parameter_unknown', 'force', /unknown/],
])('%s refuses %s', (endpoint, form, code, param, message) => {
  const body = refusal(endpoint, form);
  expect(body).toMatchObject({ status: 400, type: 'invalid_request_error', param });
  expect(body.code).toBe(code);
  if (typeof message === 'string') expect(body.message).toBe(message);
  else expect(body.message).toMatch(message);
});

test('51 keys of metadata are one too many', () => {
  const form = Array.from({ length: 51 }, (_, i) => `metadata[k${i}]=1`).join('&');
  expect(refusal(customer, form)).toMatchObject({ param: 'metadata', status: 400 });
});

test('a large request is checked in under a millisecond', () => {
  const items = Array.from(
    { length: 20 },
    (_, i) => `items[${i}][price]=price_${i}&items[${i}][quantity]=2`,
  );
  const raw = parseForm(`customer=cus_1&${items.join('&')}&metadata[tenant]=t`) as RawParams;
  for (let i = 0; i < 200; i += 1) validateRequest(subscription, raw);
  // The thread's own time, and the least of several rounds: others' work on the machine is not ours.
  const rounds = Array.from({ length: 20 }, () => {
    const started = process.threadCpuUsage();
    for (let i = 0; i < 20; i += 1) validateRequest(subscription, raw);
    const { user, system } = process.threadCpuUsage(started);
    return (user + system) / 1000 / 20;
  });
  expect(Math.min(...rounds)).toBeLessThan(1);
});
