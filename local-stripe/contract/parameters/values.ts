import { alternatives } from '../../schema/document.ts';
import type { JsonSchema } from '../../schema/json-schema.ts';

export type Value = string | Value[] | { [key: string]: Value };

/** What there is to name: ids by the name of the parameter that wants one. */
export type Known = Record<string, string>;

const words: [name: RegExp, value: string][] = [
  [/^email$|_email$/, 'other@example.com'],
  [/url$/, 'https://example.com/other'],
  [/^currency$/, 'cny'],
  [/^country$/, 'CN'],
  [/^phone$/, '+8613800138000'],
  [/^(number)$/, '4242424242424242'],
  [/^(ip_address|ip)$/, '203.0.113.5'],
  [/^statement_descriptor/, 'OTHER SHOP'],
  [/color$/, '#112233'],
  [/^preferred_locale|^locale$/, 'zh'],
  [/^code$/, 'OTHERCODE'],
  [/^invoice_prefix$/, 'OTHER123'],
];
const numbers: [name: RegExp, value: number][] = [
  [/^exp_month$/, 4],
  [/^exp_year$/, 2031],
  [/^(hour|minute|second|month|day_of_month)$/, 3],
  [/percent/, 10],
  [/^limit$/, 2],
  [/amount|balance|^tip$|price/, 700],
];

/** Values that a parameter may have, the likeliest to change something first. */
export function valuesOf(schema: JsonSchema, name: string, known: Known, now: number): Value[] {
  const values: Value[] = [];
  for (const option of alternatives(schema)) {
    if (option.enum) values.push(...option.enum.filter((one) => one !== '').map(String));
    else if (option.type === 'boolean') values.push('true', 'false');
    else if (option.type === 'integer' || option.type === 'number') {
      values.push(String(numberFor(name, now)));
    } else if (option.type === 'string') values.push(textFor(option, name, known));
    else if (option.type === 'array') {
      values.push(...valuesOf(option.items ?? {}, singular(name), known, now).map((one) => [one]));
    } else if (option.type === 'object') values.push(objectFor(option, known, now));
  }
  return values;
}

/** The object with what is required of it filled in, at every depth of what it holds already. */
export function complete(schema: JsonSchema, value: Value, known: Known, now: number): Value {
  if (typeof value === 'string' || Array.isArray(value)) return value;
  const options = alternatives(schema);
  const array = options.find((option) => option.type === 'array');
  if (array?.items !== undefined && Object.keys(value).every((key) => /^\d+$/.test(key))) {
    const items = array.items;
    return Object.fromEntries(
      Object.entries(value).map(([key, part]) => [key, complete(items, part, known, now)]),
    );
  }
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
  for (const [key, part] of Object.entries(whole)) {
    whole[key] = complete(object.properties[key] ?? {}, part, known, now);
  }
  return whole;
}

/** With what is required of it. */
function objectFor(schema: JsonSchema, known: Known, now: number): Value {
  if (schema.additionalProperties) return { walked: 'yes' };
  const required = schema.required ?? [];
  return Object.fromEntries(
    required.flatMap((key) => {
      const [value] = valuesOf(schema.properties?.[key] ?? {}, key, known, now);
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

function numberFor(name: string, now: number): number {
  const found = numbers.find(([pattern]) => pattern.test(name));
  if (found !== undefined) return found[1];
  if (
    /(_at|_end|_start|_date|_time|_by|timestamp|anchor|^date|^gte?$|^lte?$|^start|^end)/.test(name)
  ) {
    return now + 20 * 86_400;
  }
  return 3;
}

function textFor(schema: JsonSchema, name: string, known: Known): string {
  if (schema.pattern !== undefined) return '700';
  return known[name] ?? words.find(([pattern]) => pattern.test(name))?.[1] ?? `Walked ${name}`;
}

const singular = (name: string) => name.replace(/s$/, '');
