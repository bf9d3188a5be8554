import { z } from '@hono/zod-openapi';

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
    .refine(isStorable, 'must not contain NUL characters or broken surrogate pairs');
}

/** True for text that is stored and read back unchanged. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** An id in a path. */
export const idParam = z.object({
  id: z.uuid().openapi({ param: { name: 'id', in: 'path' } }),
});
