import { alternatives } from '../../schema/document.ts';
import type { JsonSchema } from '../../schema/json-schema.ts';
import type { Pool } from './pool.ts';
import type { Random } from './random.ts';

/** A form before it is written out. */
export type FormValue = string | FormValue[] | { [key: string]: FormValue };

const words = ['Pro', 'Team', '订阅', 'a b&c=d', "O'Neil", 'x'.repeat(60)];
const nonsense = [
  '',
  'null',
  'undefined',
  'NaN',
  '-1',
  '0',
  '1e9',
  '99999999999999999999',
  '4.5',
  'true',
  'now',
  '💳',
  '\u0000',
  "'; drop table customers; --",
  '__proto__',
  'x'.repeat(5001),
];

const extremes = [-1, 0, 1, 99_999_999, 2 ** 31, 999_999_999_999, 253_402_300_799];

/** Makes parameters that a schema allows, most of the time. */
export class ValueMaker {
  #random: Random;
  #pool: Pool;
  /** Unix seconds, that times are made around. */
  now: number;

  constructor(random: Random, pool: Pool, now: number) {
    this.#random = random;
    this.#pool = pool;
    this.now = now;
  }

  object(schema: JsonSchema, depth: number, within?: string): { [key: string]: FormValue } {
    const { properties = {}, required = [], additionalProperties } = schema;
    const made: { [key: string]: FormValue } = {};
    const rate = Math.min(0.5, 2.5 / (Object.keys(properties).length + 1)) / (depth + 1);
    for (const [key, property] of Object.entries(properties)) {
      if (key === 'expand' || (!required.includes(key) && !this.#random.chance(rate))) continue;
      const value = this.value(property, key, depth + 1, within);
      if (value !== undefined) made[key] = value;
    }
    if (additionalProperties && Object.keys(properties).length === 0) {
      const key = this.#random.pick(['tenant', 'usd', 'stripe_customer_id', 'value']);
      const value = this.value(additionalProperties, key, depth + 1, within);
      if (value !== undefined) made[key] = value;
    }
    return made;
  }

  value(schema: JsonSchema, name: string, depth: number, within?: string): FormValue | undefined {
    if (this.#random.chance(0.015)) return this.#random.pick(nonsense);
    const option = this.#random.pick(alternatives(schema));
    if (option.enum) return String(this.#random.pick(option.enum));
    switch (option.type) {
      case 'object':
        return depth > 6 ? undefined : this.object(option, depth, name);
      case 'array':
        return this.#array(option, name, depth);
      case 'boolean':
        return String(this.#random.chance(0.5));
      case 'integer':
        return String(this.#integer(name));
      case 'number':
        return String(this.#random.integer(1, 10_000) / 100);
      case 'null':
        return '';
      default:
        return option.pattern ? String(this.#random.integer(0, 9999)) : this.#text(name, within);
    }
  }

  nonsense(): string {
    return this.#random.pick(nonsense);
  }

  #array(schema: JsonSchema, name: string, depth: number): FormValue[] {
    const made: FormValue[] = [];
    for (let i = this.#random.integer(1, 2); i > 0; i -= 1) {
      const item = this.value(schema.items ?? {}, name, depth, name);
      if (item !== undefined) made.push(item);
    }
    return made;
  }

  #integer(name: string): number {
    if (this.#random.chance(0.03)) return this.#random.pick(extremes);
    if (/(_at|_end|_start|_date|_time|^timestamp|^created|^g|^l|anchor)$/.test(name)) {
      const aligned = Math.floor(this.now / 60) * 60;
      return aligned + this.#random.integer(-40, 40) * 86_400;
    }
    if (/interval_count|days|month|quantity|limit|max_/.test(name))
      return this.#random.integer(1, 12);
    return this.#random.integer(0, 5000);
  }

  #text(name: string, within: string | undefined): string | undefined {
    const reference = this.#pool.reference(name, within);
    if (reference !== undefined) return reference;
    if (/currency/.test(name)) return this.#random.chance(0.9) ? 'cny' : 'usd';
    if (/email/.test(name)) return 'fuzz@example.com';
    if (/url/.test(name)) return 'https://example.com/return';
    if (/^value$/.test(name)) return String(this.#random.integer(0, 100));
    if (/customer_id/.test(name)) return this.#pool.idOf('customer');
    if (name === 'query') return this.#random.pick(['status:"active"', 'email:"x"', 'broken']);
    if (name === 'id' || /starting_after|ending_before|page|source|token/.test(name)) {
      return this.#random.chance(0.9) ? undefined : 'fuzz_id';
    }
    return this.#random.pick(words);
  }
}
