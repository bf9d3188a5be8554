import type { Kind } from './kinds.ts';
import type { Context } from './types.ts';

/** `{id, object, deleted: true}`, kept so that the id answers so from now on. */
export function markDeleted(ctx: Context, kind: Kind, id: string): object {
  ctx.store.remove(kind, id);
  return ctx.store.put('_deleted', { id, object: kind, deleted: true });
}
