import type { Person } from '../faults/person.ts';
import type { Told } from './told.ts';

const DAY_MS = 86_400_000;
/** Clocks of the processes are a moment apart. */
const APART_MS = 5_000;

interface Purchase {
  at: number;
  minor: number;
  day: string;
  month: string;
}

/** Purchases that were paid, or still can be, although a rule of the team was in force that forbids them. */
export async function overSpent({ world, tenantId }: Person, told: Told): Promise<string[]> {
  if (told.rules.length === 0) return [];
  const { rows } = await world.pool.query<Purchase>(
    `select (extract(epoch from created_at) * 1000)::float8 as at,
       coalesce(charged_minor, amount_minor)::int as minor,
       to_char(created_at at time zone zone, 'YYYY-MM-DD') as day,
       to_char(created_at at time zone zone, 'YYYY-MM') as month
     from credit_purchases
       cross join (select time_zone as zone from spending_rules where tenant_id = $1)
     where tenant_id = $1 and state not in ('failed', 'expired') order by created_at`,
    [tenantId],
  );
  return rows.flatMap((purchase, at) => {
    const until = rows.slice(0, at + 1);
    const sum = (part: 'day' | 'month') =>
      until
        .filter((one) => one[part] === purchase[part])
        .reduce((all, { minor }) => all + minor, 0);
    return rulesAt(told, purchase.at).flatMap(({ maxima }) => [
      ...over('a purchase', purchase.minor, maxima.singleMaxMinor),
      ...over('a day', sum('day'), maxima.dayMaxMinor),
      ...over('a month', sum('month'), maxima.monthMaxMinor),
    ]);
  });
}

const over = (what: string, minor: number, max: number | null) =>
  max !== null && minor > max ? [`a rule allows ${max} ${what}, and ${minor} were spent`] : [];

/** Those that surely hold: what was set after one may have loosened it, a day after that. */
export function rulesAt({ rules }: Pick<Told, 'rules'>, at: number): Told['rules'] {
  return rules.filter((rule, n) => {
    const next = rules[n + 1]?.at ?? Infinity;
    return rule.at + APART_MS < at && at < next + DAY_MS - APART_MS;
  });
}
