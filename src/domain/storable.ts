/** True for text that PostgreSQL keeps and gives back unchanged: no NUL, no half surrogate pair. */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
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
