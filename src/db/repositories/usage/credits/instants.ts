const UTC = '+00:00';

/**
 * An instant as PostgreSQL's JSON writes it (`2026-05-29T12:00:00.5+00:00`), as JavaScript does
 * (`2026-05-29T12:00:00.500Z`); what is finer than milliseconds is cut. By its letters where it is in UTC: a list of
 * grants has dozens, and making a `Date` of each takes longer than the rest of reading them.
 */
export function isoInstant(text: string): string {
  // Years have four digits but for instants that nobody has; those, and other zones, are left to `Date`.
  if (!text.endsWith(UTC) || text[10] !== 'T') return new Date(text).toISOString();
  const millis = text.slice(20, -UTC.length).padEnd(3, '0').slice(0, 3);
  return `${text.slice(0, 19)}.${millis}Z`;
}
