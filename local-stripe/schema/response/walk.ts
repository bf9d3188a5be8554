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
  const resolved = resolve(schema);
  if (options.partial && value === null) return [];
  if (resolved.anyOf) return anyOf(resolved.anyOf, value, path, options);
  if (resolved.enum) {
    return resolved.enum.includes(value as string)
      ? []
      : [`${path}: ${show(value)} is none of ${resolved.enum.join(', ')}`];
  }
  switch (resolved.type) {
    case undefined:
      return [];
    case 'object':
      return object(resolved, value, path, options);
    case 'array':
      if (!Array.isArray(value)) return [`${path}: ${show(value)} is no array`];
      return value.flatMap((item, index) =>
        violations(resolved.items ?? {}, item, `${path}[${index}]`, options),
      );
    case 'null':
      return value === null ? [] : [`${path}: ${show(value)} is not null`];
    case 'integer':
      return Number.isSafeInteger(value) ? [] : [`${path}: ${show(value)} is no integer`];
    case 'number':
      return Number.isFinite(value) ? [] : [`${path}: ${show(value)} is no number`];
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${path}: ${show(value)} is no boolean`];
    case 'string':
      if (typeof value !== 'string') return [`${path}: ${show(value)} is no string`];
      if (resolved.pattern && !new RegExp(resolved.pattern).test(value))
        return [`${path}: ${show(value)} is no decimal`];
      return [];
    default:
      return resolved.type satisfies never;
  }
}

function object(schema: JsonSchema, value: unknown, path: string, options: WalkOptions): string[] {
  if (!isRecord(value)) return [`${path}: ${show(value)} is no object`];
  const found: string[] = [];
  for (const key of options.partial ? [] : (schema.required ?? [])) {
    if (value[key] === undefined) found.push(`${path}.${key}: is missing`);
  }
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    const property = Object.hasOwn(schema.properties ?? {}, key)
      ? schema.properties?.[key]
      : schema.additionalProperties;
    if (!property) found.push(`${path}.${key}: is unknown to the SDK`);
    else found.push(...violations(property, item, `${path}.${key}`, options));
  }
  return found;
}

/** The alternatives are told apart by `object`, as the SDK does; then the fewest complaints win. */
function anyOf(parts: JsonSchema[], value: unknown, path: string, options: WalkOptions): string[] {
  let fewest: string[] | undefined;
  for (const part of parts) {
    if (isRecord(value) && typeof value.object === 'string') {
      const expected = resolve(part).properties?.object?.enum;
      if (expected && !expected.includes(value.object)) continue;
    }
    const found = violations(part, value, path, options);
    if (found.length === 0) return found;
    if (
      !fewest ||
      (isRecord(value) && resolve(part).type === 'object' && found.length <= fewest.length)
    )
      fewest = found;
  }
  return fewest ?? [`${path}: ${show(value)} is no alternative`];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'undefined').slice(0, 80);
}
