import { invalidRequest } from '../../kernel/errors.ts';
import type { RawValue } from '../../kernel/form.ts';
import { resolve, schemaDocument } from '../document.ts';
import type { JsonSchema } from '../json-schema.ts';
import { paramName, within } from './place.ts';
import type { Place } from './place.ts';

export const METADATA_KEYS_MAX = 50;
const KEY_LENGTH_MAX = 40;
const VALUE_LENGTH_MAX = 500;

const metadataParam = schemaDocument.definitions.MetadataParam;

/** Whether a schema is that of metadata. */
export function isMetadata(schema: JsonSchema): boolean {
  return metadataParam !== undefined && resolve(schema) === metadataParam;
}

/** Metadata as sent: texts, and null for a key that is to be removed. */
export function coerceMetadata(
  value: Record<string, RawValue>,
  place: Place,
): Record<string, string | null> {
  const keys = Object.keys(value);
  if (keys.length > METADATA_KEYS_MAX) {
    throw invalidRequest(
      `You can have up to ${METADATA_KEYS_MAX} metadata keys, but you passed in ${keys.length}.`,
      paramName(place),
    );
  }
  return Object.fromEntries(keys.map((key) => [key, coerceValue(key, value[key] ?? '', place)]));
}

function coerceValue(key: string, text: RawValue, place: Place): string | null {
  if (key.length > KEY_LENGTH_MAX) {
    throw invalidRequest(
      `Metadata keys can have up to ${KEY_LENGTH_MAX} characters, but you passed in a key that is ` +
        `${key.length} characters. Invalid key: ${key.slice(0, 80)}`,
      paramName(place),
    );
  }
  if (typeof text !== 'string') {
    throw invalidRequest(
      'Invalid string: metadata values are texts',
      paramName(within(place, key)),
    );
  }
  if (text.length > VALUE_LENGTH_MAX) {
    throw invalidRequest(
      `Metadata values can have up to ${VALUE_LENGTH_MAX} characters, but you passed in a value that is ` +
        `${text.length} characters. Invalid value: ${text.slice(0, 80)}`,
      paramName(within(place, key)),
    );
  }
  return text === '' ? null : text;
}
