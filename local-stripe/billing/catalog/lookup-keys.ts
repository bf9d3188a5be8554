import { invalidRequest } from '../../kernel/errors.ts';
import type { Context } from '../../kernel/types.ts';

/** A lookup key names one price. `transfer` takes it from the price that has it. */
export function claimLookupKey(
  ctx: Context,
  price: string,
  key: string,
  transfer: boolean | undefined,
): string {
  const holder = ctx.store.by('price', 'lookup_key', key).find(({ id }) => id !== price);
  if (holder === undefined) return key;
  if (transfer !== true) {
    throw invalidRequest(
      `A price (\`${holder.id}\`) already uses that lookup key.`,
      'lookup_key',
      'resource_already_exists',
    );
  }
  ctx.update('price', holder, { lookup_key: null }, 'price.updated');
  return key;
}
