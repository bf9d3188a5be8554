import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alternatives, resolve, schemaDocument } from './document.ts';
import { checkEvent, checkObject } from './index.ts';
import type { JsonSchema } from './json-schema.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Values that satisfy a schema; what is optional comes rarely, and seldom where it is deep. */
function valid(schema: JsonSchema, depth = 0): fc.Arbitrary<Json> {
  const options = alternatives(schema);
  const plain = options.filter(({ type }) => type !== 'object' && type !== 'array');
  return fc.oneof(
    ...(depth > 3 && plain.length > 0 ? plain : options).map((one) => build(one, depth)),
  );
}

function build(schema: JsonSchema, depth: number): fc.Arbitrary<Json> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer();
    case 'number':
      return fc.integer().map((value) => value / 4);
    case 'string':
      return fc.constant(schema.pattern ? '12.50' : 'text');
    case 'array':
      return depth > 3
        ? fc.constant([])
        : fc.array(valid(schema.items ?? {}, depth + 1), { maxLength: 2 });
    case 'object': {
      const required = schema.required ?? [];
      const entries = Object.entries(schema.properties ?? {}).filter(
        ([name]) => required.includes(name) || depth < 2,
      );
      // Built when asked for: customers lead to subscriptions, those to customers.
      const parts = entries.map(([name, part]) => {
        return [name, fc.constant(null).chain(() => valid(part, depth + 1))];
      });
      return fc.record(Object.fromEntries(parts), {
        requiredKeys: required as never[],
      }) as fc.Arbitrary<Json>;
    }
    default:
      return fc.constant('anything');
  }
}

/** One place of a value made wrong, or so it may be. */
function spoil(value: Json, dice: number, wrong: Json): Json {
  if (typeof value !== 'object' || value === null) return wrong;
  const keys = Object.keys(value);
  const key = keys[dice % Math.max(1, keys.length)];
  if (key === undefined || dice % 5 === 0) {
    return Array.isArray(value) ? [...value, wrong] : { ...value, surprise: wrong };
  }
  if (Array.isArray(value)) {
    return value.map((part, i) => (String(i) === key ? spoil(part, dice >> 3, wrong) : part));
  }
  const { [key]: part = null, ...rest } = value;
  return dice % 7 === 0 ? rest : { ...rest, [key]: spoil(part, dice >> 3, wrong) };
}

const ajv = new Ajv({ strict: false, allErrors: false });
ajv.addSchema({ $id: 'stripe', definitions: schemaDocument.definitions });

describe('the checker agrees with ajv', () => {
  test.each([
    'coupon',
    'price',
    'billing.meter',
    'webhook_endpoint',
    'billing_portal.configuration',
  ])('about a %s', (name) => {
    const schema = schemaDocument.objects[name];
    if (!schema) throw new Error(`${name} is not served`);
    const validate = ajv.compile({ ...schema, $ref: `stripe${schema.$ref}` });
    const wrongs = fc.constantFrom<Json>(null, '', 'x', 4.5, true, [], {}, 'active', -1);
    let accepted = 0;
    fc.assert(
      fc.property(valid(resolve(schema)), fc.nat(), fc.option(wrongs), (value, dice, wrong) => {
        const candidate = wrong === null ? value : spoil(value, dice, wrong);
        const ours = checkObject(candidate as object).length === 0;
        if (ours) accepted += 1;
        expect(ours).toBe(validate(candidate) && (candidate as { object?: Json }).object === name);
      }),
      { numRuns: 150 },
    );
    expect(accepted).toBeGreaterThan(20);
  });
});

const event = {
  id: 'evt_1',
  object: 'event',
  api_version: '2026-10-28.endive',
  created: 1,
  livemode: false,
  pending_webhooks: 0,
  request: null,
};
const coupon = {
  id: 'c',
  object: 'coupon',
  amount_off: null,
  created: 1,
  currency: null,
  duration: 'once',
  duration_in_months: null,
  livemode: false,
  max_redemptions: null,
  metadata: {},
  name: null,
  percent_off: 12.5,
  redeem_by: null,
  times_redeemed: 0,
  valid: true,
};

test.each([
  [
    'an event as it should be',
    {
      type: 'coupon.updated',
      data: { object: coupon, previous_attributes: { name: 'A', metadata: { a: null } } },
    },
    null,
  ],
  [
    'an object that is not the type’s',
    { type: 'customer.updated', data: { object: coupon } },
    /object/,
  ],
  [
    'a field that the SDK does not know',
    { type: 'coupon.updated', data: { object: { ...coupon, prce: 1 } } },
    /prce: is unknown/,
  ],
  [
    'a field that is missing',
    { type: 'coupon.updated', data: { object: { ...coupon, valid: undefined } } },
    /valid: is missing/,
  ],
  [
    'a value outside an enum',
    { type: 'coupon.updated', data: { object: { ...coupon, duration: 'ever' } } },
    /"ever" is none of/,
  ],
  [
    'previous attributes that no coupon has',
    { type: 'coupon.updated', data: { object: coupon, previous_attributes: { colour: 'red' } } },
    /colour: is unknown/,
  ],
  ['a type that does not exist', { type: 'coupon.exploded', data: { object: coupon } }, /no event/],
])('%s', (_name, body, complaint) => {
  const found = checkEvent({ ...event, ...body });
  if (complaint === null) expect(found).toEqual([]);
  else expect(found.join('\n')).toMatch(complaint);
});
