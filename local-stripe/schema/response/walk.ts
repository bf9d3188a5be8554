import { resolve } from '../document.ts';
import type { JsonSchema } from '../json-schema.ts';

export interface WalkOptions {
  /** For `previous_attributes`: what is missing is not missed, and null is a value of everything. */
  partial?: boolean;
}

/** What is wrong with a value, as `path: reason`; empty when it satisfies the schema. */
export function violations(
  schema: JsonSchema,
  value: unknown,
  path: string,
  options: WalkOptions = {},
): string[] {
  const partial = options.partial ?? false;
  // Nearly always all is well: then nothing needs to be put into words.
  if (new Walk(partial, null).satisfies(schema, value)) return [];
  const report: string[] = [];
  const walk = new Walk(partial, report);
  walk.path.push(path);
  walk.satisfies(schema, value);
  return report;
}

/** One pass over a value. With a report it goes on after the first complaint. */
class Walk {
  readonly path: string[] = [];
  readonly #partial: boolean;
  #report: string[] | null;

  constructor(partial: boolean, report: string[] | null) {
    this.#partial = partial;
    this.#report = report;
  }

  satisfies(schema: JsonSchema, value: unknown): boolean {
    const resolved = resolve(schema);
    if (this.#partial && value === null) return true;
    if (resolved.anyOf) return this.#anyOf(resolved.anyOf, value);
    if (resolved.enum) {
      const isOne = resolved.enum.includes(value as string);
      return isOne || this.#complain(value, `is none of ${resolved.enum.join(', ')}`);
    }
    switch (resolved.type) {
      case undefined:
        return true;
      case 'object':
        return this.#object(resolved, value);
      case 'array':
        return this.#array(resolved, value);
      case 'null':
        return value === null || this.#complain(value, 'is not null');
      case 'integer':
        return Number.isSafeInteger(value) || this.#complain(value, 'is no integer');
      case 'number':
        return Number.isFinite(value) || this.#complain(value, 'is no number');
      case 'boolean':
        return typeof value === 'boolean' || this.#complain(value, 'is no boolean');
      case 'string':
        if (typeof value !== 'string') return this.#complain(value, 'is no string');
        return fits(resolved.pattern, value) || this.#complain(value, 'is no decimal');
      default:
        return resolved.type satisfies never;
    }
  }

  #object(schema: JsonSchema, value: unknown): boolean {
    if (!isRecord(value)) return this.#complain(value, 'is no object');
    let isFine = true;
    if (!this.#partial) {
      for (const key of schema.required ?? []) {
        if (value[key] === undefined) isFine = this.#complainOf(key, 'is missing');
      }
    }
    const properties = schema.properties ?? {};
    for (const key of Object.keys(value)) {
      if (!isFine && this.#report === null) return false;
      if (value[key] === undefined) continue;
      const property = Object.hasOwn(properties, key)
        ? properties[key]
        : schema.additionalProperties;
      if (!property) isFine = this.#complainOf(key, 'is unknown to the SDK');
      else if (!this.#within(key, property, value[key])) isFine = false;
    }
    return isFine;
  }

  #array(schema: JsonSchema, value: unknown): boolean {
    if (!Array.isArray(value)) return this.#complain(value, 'is no array');
    const items = schema.items ?? {};
    return value.map((item, i) => this.#within(String(i), items, item)).every(Boolean);
  }

  /** The alternatives are told apart by `object`, as the SDK does; the fewest complaints are told. */
  #anyOf(parts: JsonSchema[], value: unknown): boolean {
    const report = this.#report;
    this.#report = null;
    const isFine = parts.some((part) => this.satisfies(part, value));
    this.#report = report;
    if (isFine || report === null) return isFine;
    const told = parts
      .filter(
        (part) => isRecord(value) === (resolve(part).type === 'object') && isMeant(part, value),
      )
      .map((part) => {
        this.#report = [];
        this.satisfies(part, value);
        return this.#report;
      })
      .sort((a, b) => a.length - b.length);
    this.#report = report;
    const [fewest] = told;
    if (fewest === undefined) return this.#complain(value, 'is no alternative');
    report.push(...fewest);
    return false;
  }

  #within(key: string, schema: JsonSchema, value: unknown): boolean {
    this.path.push(key);
    const isFine = this.satisfies(schema, value);
    this.path.pop();
    return isFine;
  }

  #complain(value: unknown, reason: string): false {
    const shown = this.#report && (JSON.stringify(value) ?? 'undefined').slice(0, 80);
    this.#report?.push(`${this.path.join('.')}: ${shown} ${reason}`);
    return false;
  }

  #complainOf(key: string, reason: string): false {
    this.#report?.push(`${this.path.join('.')}.${key}: ${reason}`);
    return false;
  }
}

/** Whether an alternative is of the `object` that the value says it is. */
function isMeant(part: JsonSchema, value: unknown): boolean {
  const named = isRecord(value) ? value.object : undefined;
  const expected = resolve(part).properties?.object?.enum;
  return typeof named !== 'string' || !expected || expected.includes(named);
}

const patterns = new Map<string, RegExp>();

function fits(pattern: string | undefined, value: string): boolean {
  if (pattern === undefined) return true;
  const compiled = patterns.get(pattern) ?? new RegExp(pattern);
  patterns.set(pattern, compiled);
  return compiled.test(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
