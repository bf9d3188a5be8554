import { shorten } from './shorten.ts';
import { invalidRequest } from '../../kernel/errors.ts';
import type { JsonSchema } from '../json-schema.ts';
import { checkInteger, checkNumber } from './number.ts';
import { paramName } from './place.ts';
import type { Place } from './place.ts';
import { checkText } from './text.ts';

/** The value of a text that is not empty, by the scalar types that its parameter allows. */
export function coerceScalar(options: JsonSchema[], value: string, place: Place): unknown {
  const words = options.flatMap((option) => option.enum ?? []).filter((word) => word !== '');
  const word = words.find((candidate) => String(candidate) === value);
  if (word !== undefined) return word;
  const types = new Set(options.map((option) => option.type));
  const decimal = options.find((option) => option.pattern !== undefined);
  if (types.has('boolean') && (value === 'true' || value === 'false')) return value === 'true';
  if (types.has('integer') && /^-?\d+$/.test(value)) return checkInteger(value, place);
  if (types.has('number') && /^-?\d+(\.\d+)?$/.test(value)) return checkNumber(value, place);
  if (decimal) return checkDecimal(value, place);
  if (types.has('string')) return checkText(value, place);
  throw refusal(types, words, value, place);
}

function checkDecimal(value: string, place: Place): string {
  if (!/^-?\d{1,24}(\.\d{1,12})?$/.test(value)) {
    throw invalidRequest(
      `Invalid decimal: ${shorten(value)}`,
      paramName(place),
      'parameter_invalid_decimal',
    );
  }
  return value;
}

function refusal(types: Set<JsonSchema['type']>, words: unknown[], value: string, place: Place) {
  const param = paramName(place);
  if (words.length > 0) {
    const list = [...words.map(String), ...(types.has('integer') ? ['a unix timestamp'] : [])];
    return invalidRequest(`Invalid ${param}: must be one of ${listed(list)}`, param);
  }
  if (types.has('integer'))
    return invalidRequest(`Invalid integer: ${shorten(value)}`, param, 'parameter_invalid_integer');
  if (types.has('number'))
    return invalidRequest(`Invalid decimal: ${shorten(value)}`, param, 'parameter_invalid_decimal');
  if (types.has('boolean')) return invalidRequest(`Invalid boolean: ${shorten(value)}`, param);
  return invalidRequest(`Invalid value: ${shorten(value)}`, param);
}

/** `a`, `a or b`, `a, b, or c`. */
function listed(words: string[]): string {
  if (words.length <= 2) return words.join(' or ');
  return `${words.slice(0, -1).join(', ')}, or ${words.at(-1)}`;
}
