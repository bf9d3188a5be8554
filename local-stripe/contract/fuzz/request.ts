import { alternatives, getEndpoint } from '../../schema/document.ts';
import type { EndpointKey } from '../../schema/index.ts';
import type { Pool } from './pool.ts';
import type { Random } from './random.ts';
import { recipes } from './recipes.ts';
import type { Recipe } from './recipes.ts';
import type { FormValue, ValueMaker } from './values.ts';

export interface FuzzRequest {
  endpoint: EndpointKey;
  method: string;
  path: string;
  /** Query of a GET or DELETE, body of a POST. */
  form: string;
}

const expandable = [
  'customer',
  'data.customer',
  'latest_invoice.payments.data.payment.payment_intent',
  'default_payment_method',
  'data.default_price',
  'product',
  'subscription.customer.invoice_settings.default_payment_method',
  'nonsense',
  'tiers',
  'line_items',
];

/** The kind of object that an id in a path means. */
const kindOfPath: [pattern: RegExp, kind: string][] = [
  [/^\/v1\/customers\/:\w+\/payment_methods\/:id/, 'payment_method'],
  [/^\/v1\/customers\/:\w+\/balance_transactions\/:id/, 'customer_balance_transaction'],
  [/^\/v1\/customers\/:\w+\/tax_ids\/:id/, 'tax_id'],
  [/^\/v1\/products\/:\w+\/features\/:id/, 'product_feature'],
  [/^\/v1\/checkout\/sessions/, 'checkout.session'],
  [/^\/v1\/subscription_items/, 'subscription_item'],
  [/^\/v1\/subscription_schedules/, 'subscription_schedule'],
  [/^\/v1\/invoice_payments/, 'invoice_payment'],
  [/^\/v1\/invoiceitems/, 'invoiceitem'],
  [/^\/v1\/billing_portal\/configurations/, 'billing_portal.configuration'],
  [/^\/v1\/entitlements\/features/, 'entitlements.feature'],
  [/^\/v1\/entitlements\/active_entitlements/, 'entitlements.active_entitlement'],
  [/^\/v1\/billing\/meters/, 'billing.meter'],
  [/^\/v1\/test_helpers\/test_clocks/, 'test_helpers.test_clock'],
];

/** A random request to an endpoint: mostly one it takes, sometimes one it must refuse. */
export function makeRequest(
  endpoint: EndpointKey,
  random: Random,
  pool: Pool,
  values: ValueMaker,
): FuzzRequest {
  const [method = '', template = ''] = endpoint.split(' ');
  const recipe = recipes[endpoint] ?? {};
  const path = makePath(template, recipe, random, pool);
  const { params } = getEndpoint(endpoint);
  const [schema] = params ? alternatives(params) : [];
  const made = schema ? values.object(schema, 0) : {};
  if (recipe.form && random.chance(0.8)) {
    // Half of these as they are known to work, half with something more.
    if (random.chance(0.5)) for (const key of Object.keys(made)) delete made[key];
    Object.assign(made, recipe.form(pool, random));
  }
  if (schema?.properties?.expand && random.chance(0.1)) made.expand = [random.pick(expandable)];
  if (random.chance(0.08)) spoil(made, random, values);
  // Whatever else is sent, webhooks go nowhere but to a closed port of this machine.
  if (template.includes('webhook_endpoints') && 'url' in made) made.url = 'http://127.0.0.1:9/';
  return { endpoint, method, path, form: writeForm(made) };
}

function makePath(template: string, recipe: Recipe, random: Random, pool: Pool): string {
  const last = random.chance(0.03)
    ? undefined
    : ((random.chance(0.8) ? pool.idOf(recipe.of ?? '') : undefined) ??
      pool.idOf(kindOf(template, 'id')));
  return template.replace(/:(\w+)/g, (_match, name: string) => {
    const id =
      name === 'id' ? last : (pool.ownerOf(last ?? '') ?? pool.idOf(kindOf(template, name)));
    return encodeURIComponent(id ?? 'id_of_nothing');
  });
}

function kindOf(template: string, name: string): string {
  if (name === 'customerId') return 'customer';
  if (name === 'productId') return 'product';
  const known = kindOfPath.find(([pattern]) => pattern.test(template));
  if (known) return known[1];
  if (template.startsWith('/v1/products/:id/features')) return 'product';
  // `/v1/payment_intents/:id` is of a payment_intent.
  return (template.split('/')[2] ?? '').replace(/s$/, '');
}

/** Adds, empties, misspells or bends one parameter. */
function spoil(made: { [key: string]: FormValue }, random: Random, values: ValueMaker): void {
  const key = Object.keys(made).at(random.integer(0, 3)) ?? 'surprise';
  const spoilt: (() => void)[] = [
    () => (made[`${key}x`] = values.nonsense()),
    () => (made[key] = values.nonsense()),
    () => (made[key] = { [values.nonsense() || 'a']: values.nonsense() }),
    () => (made[key] = [values.nonsense(), { a: values.nonsense() }]),
    () => delete made[key],
    () => (made.metadata = { ['k'.repeat(41)]: 'v' }),
    () => (made[key] = { a: { b: { c: { d: { e: { f: 'deep' } } } } } }),
  ];
  random.pick(spoilt)();
}

/** `a[b][0]=c`, as the SDK writes it. */
export function writeForm(value: FormValue, key = ''): string {
  if (typeof value === 'string') return `${encodeURIComponent(key)}=${encodeURIComponent(value)}`;
  return Object.entries(value)
    .map(([name, part]) => writeForm(part, key === '' ? name : `${key}[${name}]`))
    .filter((pair) => pair !== '')
    .join('&');
}
