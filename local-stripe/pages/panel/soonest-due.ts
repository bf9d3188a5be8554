import type { LocalStripe } from '../../kernel/local-stripe.ts';
import type { DueRow } from '../../kernel/rows.ts';

/**
 * The first `count` things that fall due on the global clock, without sorting what may be many.
 * Repeated deliveries are left out: they are shown with their events.
 */
export function soonestDue(local: LocalStripe, count: number): DueRow[] {
  const first: DueRow[] = [];
  for (const row of local.kernel.store.oldestFirst('_due')) {
    if (row.kind === 'delivery' || row.clock !== null) continue;
    const last = first.at(-1);
    if (first.length >= count && last !== undefined && row.dueAt >= last.dueAt) continue;
    first.push(row);
    first.sort((a, b) => a.dueAt - b.dueAt || a.sequence - b.sequence);
    first.length = Math.min(first.length, count);
  }
  return first;
}
