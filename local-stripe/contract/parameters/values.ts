import { alternatives } from '../../schema/document.ts';
import type { JsonSchema } from '../../schema/json-schema.ts';
import { mapKey, valueOfMap } from './paths.ts';

export type Value = string | Value[] | { [key: string]: Value };

/** What there is to name: ids by the name of the parameter that wants one. */
export type Known = Record<string, string>;

const words: [name: RegExp, values: string[]][] = [
  [/^email$|_email$/, ['other@example.com']],
  [/url$|^image$/, ['https://example.com/other']],
  [/currency$/, ['cny', 'usd']],
  [/^country$/, ['CN']],
  [/^phone$/, ['+8613800138000']],
  [/^number$/, ['4000056655665556', 'OTHER-0001']],
  [/^(ip_address|ip)$/, ['203.0.113.5']],
  [/^statement_descriptor/, ['OTHER SHOP']],
  [/color$/, ['#112233']],
  [/^preferred_locale|^locale$/, ['zh']],
  [/^code$/, ['OTHERCODE']],
  [/^invoice_prefix$/, ['OTHER123']],
  [/^(key|value|id)$/, ['walked']],
  [/^unit_label$/, ['seat']],
  [/^default_value$/, ['7']],
  [/^cvc$/, ['321']],
  [/^token$/, ['tok_mastercard']],
  [/^enabled_event$|^type$/, ['topup.failed']],
];
const numbers: [name: RegExp, value: number][] = [
  [/^exp_month$/, 4],
  [/^exp_year$/, 2031],
  [/^(hour|minute|second|month|day_of_month)$/, 3],
  [/percent/, 10],
  [/^limit$/, 1],
  [/amount|balance|^tip$|price/, 700],
];

/** Values that a parameter may have, the likeliest to change something first. */
export function valuesOf(schema: JsonSchema, name: string, known: Known, now: number): Value[] {
  const values: Value[] = [];
  for (const option of alternatives(schema)) {
    if (option.enum) values.push(...option.enum.filter((one) => one !== '').map(String));
    else if (option.type === 'boolean') values.push('true', 'false');
    else if (option.type === 'integer' || option.type === 'number') {
      values.push(...numbersFor(name, now).map(String));
    } else if (option.type === 'string') values.push(...textsFor(option, name, known));
    else if (option.type === 'array') {
      values.push(...valuesOf(option.items ?? {}, singular(name), known, now).map((one) => [one]));
    } else if (option.type === 'object') values.push(objectFor(option, known, now));
  }
  return values;
}

/** With what is required of it; where nothing is, with the first that it may hold. */
function objectFor(schema: JsonSchema, known: Known, now: number): Value {
  const value = valueOfMap(schema);
  if (value !== null) return { [mapKey]: objectFor(value, known, now) };
  if (schema.additionalProperties) return { walked: 'yes' };
  const properties = schema.properties ?? {};
  const required = schema.required ?? [];
  const names = required.length > 0 ? required : Object.keys(properties).slice(0, 1);
  return Object.fromEntries(
    names.flatMap((key) => {
      const [one] = valuesOf(properties[key] ?? {}, key, known, now);
      return one === undefined ? [] : [[key, one]];
    }),
  );
}

const day = 86_400;

function numbersFor(name: string, now: number): number[] {
  const found = numbers.find(([pattern]) => pattern.test(name));
  if (found !== undefined) return [found[1], 7];
  const isTime =
    /(_at|_end|_start|_date|_time|_by|timestamp|anchor|^date|^gte?$|^lte?$|^start|^end)/;
  if (isTime.test(name))
    return [now + 20 * day, now + 400 * day, now + day / 2, now - day, now - 20 * day];
  return [3];
}

function textsFor(schema: JsonSchema, name: string, known: Known): string[] {
  if (schema.pattern !== undefined) return ['700'];
  if (known[name] !== undefined) return [known[name]];
  return words.find(([pattern]) => pattern.test(name))?.[1] ?? [`Walked ${name}`];
}

const singular = (name: string) => name.replace(/s$/, '');
