import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isoInstant } from '../instants.ts';

test.each([
  ['2026-05-29T12:00:00+00:00', '2026-05-29T12:00:00.000Z'],
  ['2026-05-29T12:00:00.5+00:00', '2026-05-29T12:00:00.500Z'],
  ['2026-05-29T12:00:00.123456+00:00', '2026-05-29T12:00:00.123Z'],
  ['2026-05-29T14:00:00.25+02:00', '2026-05-29T12:00:00.250Z'],
  ['2026-05-29T06:30:00-05:30', '2026-05-29T12:00:00.000Z'],
])('%s is %s', (text, iso) => expect(isoInstant(text)).toBe(iso));

test('it is what a Date makes of it', () => {
  const min = new Date('1970-01-01T00:00:00Z');
  const max = new Date('9999-12-31T23:59:59.999Z');
  fc.assert(
    fc.property(fc.date({ min, max, noInvalidDate: true }), (date) => {
      const iso = date.toISOString();
      // PostgreSQL leaves out zeros at the end of a second's part, and the part when it is nothing.
      const part = iso.slice(19, 23).replace(/\.?0+$/, '');
      expect(isoInstant(`${iso.slice(0, 19)}${part}+00:00`)).toBe(iso);
    }),
  );
});
