import { alternatives } from '../../schema/document.ts';
import type { JsonSchema } from '../../schema/json-schema.ts';
import { valueOfMap } from './paths.ts';
import { valuesOf } from './values.ts';
import type { Known, Value } from './values.ts';

/** Parameters side by side of which one says it all. */
const exclusive: readonly string[][] = [
  ['price', 'plan', 'price_data', 'pricing', 'amount', 'unit_amount_decimal'],
  ['product', 'product_data'],
  ['unit_amount', 'unit_amount_decimal', 'custom_unit_amount', 'tiers'],
  ['flat_amount', 'flat_amount_decimal'],
  ['percent_off', 'amount_off'],
  ['coupon', 'promotion_code', 'discount'],
  ['duration', 'end_date'],
  ['trial_end', 'trial_period_days'],
  ['billing_cycle_anchor', 'billing_cycle_anchor_config'],
  ['cancel_at', 'cancel_at_period_end'],
  ['days_until_due', 'due_date'],
  ['payment_intent', 'charge'],
  ['payment_intent', 'payment_record'],
  ['payment_method', 'payment_method_data', 'confirmation_token'],
  ['success_url', 'return_url'],
  ['invoice', 'invoice_item'],
  ['amount', 'quantity'],
];

/** What one parameter cannot do without, though the types do not say so. */
const goesWith: readonly [name: string, needs: Record<string, Value>][] = [
  ['minimum_amount', { minimum_amount_currency: 'cny' }],
  ['flat_amount', { up_to: 'inf' }],
  ['flat_amount_decimal', { up_to: 'inf' }],
];

type Hash = Record<string, Value>;

/** A copy in which arrays are hashes too: `0` into the first. */
function copyOf(value: Value): Value {
  if (typeof value === 'string') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, copyOf(part as Value)]),
  );
}

/** The form without the parameter, or null when it does not have it. */
export function withoutValue(form: Hash, path: string[]): Hash | null {
  const copy = copyOf(form) as Hash;
  let here: Value | undefined = copy;
  for (const key of path.slice(0, -1)) here = (here as Hash | undefined)?.[key];
  const last = path.at(-1)!;
  if (typeof here !== 'object' || !(last in here)) return null;
  delete (here as Hash)[last];
  return copy;
}

/** The form with the value at its place, and without what says the same beside it. */
export function withValue(form: Hash, path: string[], value: Value): Hash {
  const copy = copyOf(form) as Hash;
  let here = copy;
  for (const [i, key] of path.entries()) {
    for (const group of exclusive) {
      if (group.includes(key)) for (const one of group) if (one !== key) delete here[one];
    }
    if (i === path.length - 1) here[key] = copyOf(value);
    else {
      here[key] ??= {};
      here = here[key] as Hash;
    }
  }
  return copy;
}

/** The object with what is required of it filled in, at every depth of what it holds already. */
export function complete(
  schema: JsonSchema,
  value: Value,
  known: Known,
  now: number,
  depth = 0,
): Value {
  if (typeof value === 'string' || Array.isArray(value)) return value;
  const options = alternatives(schema);
  const array = options.find((option) => option.type === 'array');
  const inside = (of: JsonSchema) =>
    Object.fromEntries(
      Object.entries(value).map(([key, part]) => [key, complete(of, part, known, now, depth + 1)]),
    );
  if (array?.items !== undefined && Object.keys(value).every((key) => /^\d+$/.test(key))) {
    return inside(array.items);
  }
  const map = options.map(valueOfMap).find((one) => one !== null);
  if (map) return inside(map);
  const object = options.find(
    ({ properties }) =>
      properties !== undefined && Object.keys(value).every((key) => key in properties),
  );
  if (object?.properties === undefined) return value;
  const whole: Record<string, Value> = { ...value };
  for (const key of object.required ?? []) {
    const [one] = valuesOf(object.properties[key] ?? {}, key, known, now);
    if (!(key in whole) && one !== undefined) whole[key] = one;
  }
  for (const [name, needs] of goesWith) {
    for (const key of Object.keys(needs)) {
      if (name in whole && key in object.properties) whole[key] ??= needs[key]!;
    }
  }
  if (depth > 0) cost(object.properties, whole, known);
  if ('amount_refunded' in object.properties && known.refund) whole.refund ??= known.refund;
  for (const [key, part] of Object.entries(whole)) {
    whole[key] = complete(object.properties[key] ?? {}, part, known, now, depth + 1);
  }
  return whole;
}

/** What is sold has a price: its own, one that is there, or the item that had it already. */
function cost(
  properties: Record<string, JsonSchema>,
  whole: Record<string, Value>,
  known: Known,
): void {
  const has = (...names: string[]) => names.some((name) => name in whole);
  const may = (...names: string[]) => names.every((name) => name in properties);
  if (
    may('up_to') &&
    !has('unit_amount', 'unit_amount_decimal', 'flat_amount', 'flat_amount_decimal')
  ) {
    whole.unit_amount = '700';
  }
  if (may('product', 'currency', 'unit_amount') && !has('product', 'product_data')) {
    whole.product = known.product!;
  }
  if (may('currency', 'unit_amount_decimal', 'recurring') || may('product', 'unit_amount')) {
    const amounts = ['unit_amount', 'unit_amount_decimal', 'custom_unit_amount', 'tiers'];
    if (!has(...amounts)) whole.unit_amount = '700';
  }
  if (!may('price_data') || has('price', 'price_data', 'plan', 'pricing', 'id', 'amount')) return;
  if (may('id', 'deleted')) whole.id = known.id ?? '';
  else if (may('amount', 'discountable')) {
    if (has('unit_amount', 'unit_amount_decimal', 'invoice_item')) return;
    whole[has('quantity') ? 'unit_amount_decimal' : 'amount'] = '700';
  } else if (may('discountable')) whole.price = known.one_time ?? '';
  else if (may('price', 'adjustable_quantity')) whole.price = known.price!;
}
