/**
 * PostgreSQL array literals, written and read by hand: the driver's own do one character at a
 * time, and the hot path does some ten thousand elements a batch.
 */

/** Elements that need no quotes: numbers, UUIDs, enum labels, booleans. */
export function plainArray(values: readonly (string | number | boolean)[]): string {
  const elements = values.join(',');
  // One empty text must be refused as no UUID; `{}` would be an array of nothing.
  return elements === '' && values.length > 0 ? '{""}' : `{${elements}}`;
}

const NEEDS_ESCAPE = /["\\]/g;

/** Any text; `null` is SQL's null. */
export function textArray(values: readonly (string | null)[]): string {
  let literal = '{';
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (i > 0) literal += ',';
    literal += value === null ? 'NULL' : `"${value.replace(NEEDS_ESCAPE, '\\$&')}"`;
  }
  return `${literal}}`;
}

/** `{1,2,NULL}` → numbers, `null` where SQL's is. */
export function parseNumbers(literal: string): (number | null)[] {
  if (literal === '{}') return [];
  return literal
    .slice(1, -1)
    .split(',')
    .map((value) => (value === 'NULL' ? null : Number(value)));
}

/** For elements that are never quoted (UUIDs, booleans). */
export function parseWords(literal: string): (string | null)[] {
  if (literal === '{}') return [];
  return literal
    .slice(1, -1)
    .split(',')
    .map((value) => (value === 'NULL' ? null : value));
}
