import { StripeError, invalidRequest, missingParam } from '../../kernel/errors.ts';
import type { RawValue } from '../../kernel/form.ts';
import { alternatives, resolve } from '../document.ts';
import type { JsonSchema } from '../json-schema.ts';
import { coerceMetadata, isMetadata } from './metadata.ts';
import { fieldName, paramName, within } from './place.ts';
import type { Place } from './place.ts';
import { coerceScalar } from './scalar.ts';
import { unknownParams } from './unknown.ts';
import { canBeUnset } from './unset.ts';

const LENGTH_MAX = 250;
/** Arrays that Stripe keeps shorter, by their parameter. */
const lengthsMax: Partial<Record<string, number>> = {
  discounts: 20,
  images: 8,
  items: 20,
  line_items: 100,
  lookup_keys: 10,
  marketing_features: 15,
  phases: 10,
  types: 20,
};

/**
 * The value that a handler gets for what was sent: numbers and booleans for their digits and words,
 * arrays for indexed keys, null for the empty string, which unsets. Throws the `StripeError` that
 * Stripe would answer with.
 */
export function coerce(schema: JsonSchema, value: RawValue, place: Place): unknown {
  if (value === '') return coerceEmpty(schema, place);
  const options = alternatives(schema);
  if (typeof value === 'string') return coerceText(options, value, place);
  const array = options.find((option) => option.type === 'array');
  if (array && (Array.isArray(value) || hasOnlyIndexes(value)))
    return coerceArray(array, value, place);
  const objects = options.filter((option) => option.type === 'object');
  if (objects.length > 0 && !Array.isArray(value)) return coerceOneOf(objects, value, place);
  if (objects.length > 0) throw invalidRequest('Invalid object', paramName(place));
  if (array) throw invalidRequest('Invalid array', paramName(place));
  throw invalidRequest(
    `Invalid ${nounOf(options)}: ${JSON.stringify(value).slice(0, 100)}`,
    paramName(place),
  );
}

/** An object with its parameters checked: unknown ones, each one's value, missing ones. */
export function coerceObject(
  schema: JsonSchema,
  value: Record<string, RawValue>,
  place: Place,
): Record<string, unknown> {
  if (isMetadata(schema)) return coerceMetadata(value, place);
  const properties = schema.properties ?? {};
  const others = schema.additionalProperties;
  const keys = Object.keys(value);
  if (!others) {
    const unknown = keys.filter((key) => !Object.hasOwn(properties, key));
    if (unknown.length > 0) throw unknownParams(unknown, Object.keys(properties), place);
  }
  const entries = keys.map((key) => {
    const property = Object.hasOwn(properties, key) ? properties[key] : others || undefined;
    return [key, coerce(property ?? {}, value[key] ?? '', within(place, key))] as const;
  });
  for (const key of schema.required ?? []) {
    if (!Object.hasOwn(value, key)) throw missingParam(paramName(within(place, key)));
  }
  // Not assignment: a parameter called `__proto__` must stay a parameter.
  return Object.fromEntries(entries);
}

function coerceEmpty(schema: JsonSchema, place: Place): null {
  const options = alternatives(schema);
  const emptyable = options.some((option) => option.type === 'null' || option.enum?.includes(''));
  if (emptyable || canBeUnset(place)) return null;
  const name = paramName(place);
  throw invalidRequest(
    `You passed an empty string for '${name}'. We assume empty values are an attempt to unset a parameter; ` +
      `however '${name}' cannot be unset. You should remove '${name}' from your request or supply a non-empty value.`,
    name,
    'parameter_invalid_empty',
  );
}

function coerceText(options: JsonSchema[], value: string, place: Place): unknown {
  const scalars = options.filter((option) => option.type !== 'array' && option.type !== 'object');
  const isComposite = scalars.every(
    (option) => option.type === 'null' || option.enum?.every((word) => word === ''),
  );
  if (isComposite && options.some((option) => option.type === 'array')) {
    throw invalidRequest('Invalid array', paramName(place));
  }
  if (isComposite && options.some((option) => option.type === 'object')) {
    const words =
      fieldName(place) === 'billing_cycle_anchor' ? ': this API version takes {type: …}' : '';
    throw invalidRequest(`Invalid object${words}`, paramName(place));
  }
  return coerceScalar(scalars, value, place);
}

function coerceArray(
  schema: JsonSchema,
  value: RawValue[] | Record<string, RawValue>,
  place: Place,
): unknown[] {
  const items = schema.items ?? {};
  const entries: [string, RawValue][] = Array.isArray(value)
    ? value.map((item, index) => [String(index), item])
    : Object.entries(value).sort(([a], [b]) => Number(a) - Number(b));
  const max = lengthsMax[fieldName(place)] ?? LENGTH_MAX;
  if (entries.length > max) {
    throw invalidRequest(`Array too long: at most ${max} elements are allowed.`, paramName(place));
  }
  return entries.map(([index, item]) => coerce(items, item, within(place, index)));
}

/** One of several object forms: the one that fits; else the complaint of the one that came nearest. */
function coerceOneOf(
  objects: JsonSchema[],
  value: Record<string, RawValue>,
  place: Place,
): unknown {
  const [only] = objects;
  if (only && objects.length === 1) return coerceObject(only, value, place);
  let nearest: StripeError | undefined;
  for (const option of objects) {
    try {
      return coerceObject(resolve(option), value, place);
    } catch (error) {
      if (!(error instanceof StripeError)) throw error;
      // An unknown parameter says that another form was meant.
      if (!nearest || nearest.body.code === 'parameter_unknown') nearest = error;
    }
  }
  throw nearest ?? invalidRequest('Invalid object', paramName(place));
}

function hasOnlyIndexes(value: Record<string, RawValue>): boolean {
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every((key) => /^\d{1,9}$/.test(key));
}

function nounOf(options: JsonSchema[]): string {
  return options.find((option) => option.type && option.type !== 'null')?.type ?? 'string';
}
