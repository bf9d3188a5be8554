import type { World } from '../faults/world.ts';
import { runOperatorCommand } from '../support/operator-command.ts';

interface Difference {
  tenantId: string;
  fault?: string;
}

/**
 * What `npm run usage:verify` finds, by tenant: counters against the ledger, credits and overage against
 * what was drawn and agreed to, statements against what they bill.
 */
export async function differencesOf(world: World): Promise<Map<string, string[]>> {
  const env = { DATABASE_URL: world.databaseUrl, STRIPE_API_BASE: world.local.url };
  const ended = await runOperatorCommand('usage:verify', ['--json'], env);
  const found = new Map<string, string[]>();
  if (ended.code === 0) return found;
  const data = JSON.parse(ended.said) as Record<string, unknown>;
  const lists = Object.entries(data).filter(([, list]) => Array.isArray(list));
  for (const [name, list] of lists as [string, Difference[]][]) {
    for (const one of list.filter((it) => typeof it === 'object')) {
      const text = `${name} do not balance: ${JSON.stringify(one)}`;
      found.set(one.tenantId, [...(found.get(one.tenantId) ?? []), text]);
    }
  }
  if (found.size === 0) throw new Error(`usage:verify ended with ${ended.code}: ${ended.said}`);
  return found;
}

/** How far the histories came with it: what was bought, billed and became of it. */
export async function tallyOf(world: World): Promise<Record<string, number>> {
  const { rows } = await world.pool.query<{ what: string; n: number }>(
    `select case trigger when 'auto' then 'top-up ' else 'pack ' end || state as what,
       count(*)::int as n from credit_purchases group by 1
     union all
     select 'statement ' || state, count(*)::int from statements group by 1
     order by 1`,
  );
  return Object.fromEntries(rows.map(({ what, n }) => [what, n]));
}
