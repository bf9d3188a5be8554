import { alternatives, getEndpoint } from '../document.ts';
import type { JsonSchema } from '../json-schema.ts';
import { fieldName } from './place.ts';
import type { Place } from './place.ts';

/**
 * Whether an empty string unsets a parameter although its type does not say so: Stripe takes
 * `description: ''` or `address[line2]: ''` for every text that may be null in the answer, and for
 * defaults such as `default_payment_method`; it refuses it for other references such as `customer`.
 */
export function canBeUnset(place: Place): boolean {
  let schema: JsonSchema | undefined = getEndpoint(place.endpoint).response;
  for (const key of place.path) {
    const object: JsonSchema | undefined = alternatives(schema).find(
      (option) => option.properties?.[key],
    );
    schema = object?.properties?.[key];
    if (!schema) return false;
  }
  const types = alternatives(schema).map((option) => option.type);
  if (!types.includes('null')) return false;
  const isReference = types.some((type) => type !== 'null' && type !== 'string');
  return !isReference || fieldName(place).startsWith('default_');
}
