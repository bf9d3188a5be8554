import { invalidRequest } from './errors.ts';

type Metadata = Record<string, string>;

/**
 * Stripe's merge: keys given are set, keys given as `''` are removed, others stay; `''` for the
 * whole removes all. At most 50 keys of 40 characters with values of 500.
 */
export function mergeMetadata(
  before: Metadata | null,
  change: Record<string, string | number | null> | '' | null | undefined,
): Metadata {
  if (change === undefined) return before ?? {};
  if (change === '' || change === null) return {};
  const merged: Metadata = { ...before };
  for (const [key, value] of Object.entries(change)) {
    const text = value === null ? '' : String(value);
    assertFits(key, text);
    if (text === '') delete merged[key];
    else merged[key] = text;
  }
  if (Object.keys(merged).length > 50) {
    throw invalidRequest('You can have up to 50 metadata keys.', 'metadata');
  }
  return merged;
}

function assertFits(key: string, value: string): void {
  const param = `metadata[${key}]`;
  if (key === '' || key.length > 40 || /[[\]]/.test(key)) {
    throw invalidRequest('Metadata keys have 1 to 40 characters and no brackets.', param);
  }
  if (value.length > 500) {
    throw invalidRequest(
      `Metadata values can have up to 500 characters, but you passed in a value with ${value.length} characters.`,
      param,
    );
  }
}
