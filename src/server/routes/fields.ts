import { z } from '@hono/zod-openapi';
import { isStorableInstant, isStorableText, LEAVES_ITS_LINE } from '../../domain/storable.ts';

/**
 * Text that PostgreSQL can keep as it is: no NUL character and no half of a surrogate pair, both
 * of which JSON allows. Surrounding spaces are cut off before the length is checked.
 */
export function plainText(lengthMin: number, lengthMax: number) {
  return z
    .string()
    .trim()
    .min(lengthMin)
    .max(lengthMax)
    .refine(isStorableText, 'must not contain NUL characters or broken surrogate pairs');
}

/** At least one sign that takes room and can be seen. */
const SHOWS_SOMETHING = /[^\p{Cc}\p{Cf}\p{Z}\p{M}]/u;

/**
 * What something is called: one line that shows something. Names stand inside of our own sentences, in mails
 * to strangers too, where a further line would be taken for our words.
 */
export function nameText(lengthMax: number) {
  return plainText(1, lengthMax).refine(
    (text) => !LEAVES_ITS_LINE.test(text) && SHOWS_SOMETHING.test(text),
    'must be one line of text that can be seen',
  );
}

/** An instant, ISO 8601, in UTC or with its offset. */
export const instantField = z.iso
  .datetime({ offset: true })
  .refine(isStorableInstant, 'must lie in the years 1 to 9999, in UTC');

/** An id in a path. */
export const idParam = z.object({
  id: z.uuid().openapi({ param: { name: 'id', in: 'path' } }),
});

/** An IANA time zone, as `Asia/Shanghai`: also one that only newer browsers than we know. */
export const timeZoneName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/, 'an IANA time zone, as Asia/Shanghai');

/** An e-mail address, in lower case. */
export const emailField = plainText(3, 254).toLowerCase().pipe(z.email());

/** A password that somebody chooses. It is never trimmed: its spaces are part of it. */
export const newPassword = z.string().min(8).max(200);

/** A password that somebody has. */
export const ownPassword = z.string().min(1).max(200);

/** What the link of a mail carries. */
export const mailedToken = z
  .strictObject({ token: z.string().min(1).max(2_000) })
  .openapi('MailedToken');

/** The code of an app, or one for when it is lost. */
export const codeField = z.string().trim().min(6).max(40);
