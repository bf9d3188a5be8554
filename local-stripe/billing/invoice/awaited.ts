import type { Context } from '../../kernel/types.ts';

/** Whether somebody is to be told of the draft before it may be final. */
export function isAwaited(ctx: Context): boolean {
  for (const { status, enabled_events: events } of ctx.store.oldestFirst('webhook_endpoint')) {
    if (status === 'enabled' && (events.includes('*') || events.includes('invoice.created'))) {
      return true;
    }
  }
  return false;
}
