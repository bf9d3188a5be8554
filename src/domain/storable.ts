/** True for text that PostgreSQL keeps and gives back unchanged: no NUL, no half surrogate pair. */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** What ends a line, what moves a terminal's cursor, and what turns the direction of all text behind it. */
export const LEAVES_ITS_LINE = /[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u;

/** Anybody's text as one line that can be printed: what would leave it is shown by its number. */
export function onOneLine(text: string): string {
  return text.replace(new RegExp(LEAVES_ITS_LINE, 'gu'), (sign) => {
    return `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/**
 * True for an instant of the years that are written with four digits, in UTC too: an offset can lead out
 * of them, and PostgreSQL reads neither the year 0 nor one of five digits as JavaScript writes it.
 */
export function isStorableInstant(instant: string): boolean {
  const year = new Date(instant).getUTCFullYear();
  return year >= 1 && year <= 9_999;
}

/** True for JSON whose every text is storable and which nests no deeper than `depthMax`. */
export function isStorableJson(value: unknown, depthMax: number): boolean {
  if (typeof value === 'string') return isStorableText(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depthMax === 0) return false;
  return Object.entries(value).every(
    ([key, inner]) => isStorableText(key) && isStorableJson(inner, depthMax - 1),
  );
}
