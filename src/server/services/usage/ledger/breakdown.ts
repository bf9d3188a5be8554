import { MICRO_PER_CREDIT } from '../../../../domain/billing/credits.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { Period } from '../../../../domain/period.ts';
import { RESOURCE_TYPES } from '../../../../domain/quota.ts';
import type {
  BreakdownBy,
  UsageBreakdown,
  UsagePart,
} from '../../../../domain/billing/usage/breakdown.ts';
import type { PartSum } from '../../../../db/repositories/usage/ledger/breakdown.ts';
import type { MeteringDeps } from '../metering-deps.ts';
import { assertNotArchived } from './export.ts';

/** Names by id, as far as they are known. */
export type Names = ReadonlyMap<string, string>;

export interface BreakdownRequest {
  tenantId: string;
  by: BreakdownBy;
  /** The present month unless told. */
  period?: Period | undefined;
  /** The one part that is told apart. */
  only?: string | undefined;
}

/**
 * A month's usage in parts, which add up to the counters and to what the month's draws took. With `only`
 * every part but that one is put together: a member sees their own. 404 for a month that was archived,
 * 503 `busy` for one with too many rows to be added up while somebody waits.
 */
export async function breakDownUsage(
  deps: Pick<MeteringDeps, 'router'>,
  wanted: BreakdownRequest & { period: Period },
): Promise<UsageBreakdown> {
  const { tenantId, period, by, only } = wanted;
  await assertNotArchived(deps, period);
  const sums = await deps.router.read(
    tenantId,
    (bucket) => bucket.sumByPart(tenantId, period, by),
    (found) => found !== undefined && found.whole.length === 1,
  );
  if (sums === undefined) {
    throw new BillingError(
      'busy',
      `${period} has too many entries to be added up here: download it as a file.`,
      { retryAfterSeconds: 60 },
    );
  }
  const keyed = only === undefined ? sums.parts : sums.parts.map((sum) => onlyOf(sum, only));
  const parts = [...Map.groupBy(keyed, ({ key }) => key)]
    .map(([id, own]) => ({ id, name: null, ...added(own) }))
    .filter((part) => part.credits !== 0 || RESOURCE_TYPES.some((one) => part.used[one] !== 0));
  const total = added(sums.whole);
  return {
    ...{ period, by, othersTogether: only !== undefined, total },
    parts: parts.toSorted(by === 'day' ? byDay : bySize),
  };
}

/** The same, its parts called by their names. */
export function withNames(breakdown: UsageBreakdown, names: Names): UsageBreakdown {
  const named = ({ id, ...part }: UsagePart) => ({
    ...part,
    id,
    name: id === null ? null : (names.get(id) ?? null),
  });
  return { ...breakdown, parts: breakdown.parts.map(named) };
}

const onlyOf = (sum: PartSum, only: string): PartSum =>
  sum.key === only ? sum : { ...sum, key: null };

function added(sums: readonly PartSum[]): Pick<UsagePart, 'used' | 'credits'> {
  const used = { llm_tokens: 0, messages: 0, images: 0, api_calls: 0 };
  let micro = 0;
  for (const { resourceType, amount } of sums) {
    if (resourceType === null) micro += amount;
    else used[resourceType] += amount;
  }
  return { used, credits: micro / MICRO_PER_CREDIT };
}

const byDay = (a: UsagePart, b: UsagePart) => ((a.id ?? '') < (b.id ?? '') ? -1 : 1);

/** What has no name comes last. */
function bySize(a: UsagePart, b: UsagePart): number {
  if (a.id === null || b.id === null) return a.id === null ? 1 : -1;
  const size = ({ credits, used }: UsagePart) => [
    credits,
    ...RESOURCE_TYPES.map((one) => used[one]),
  ];
  const [ofA, ofB] = [size(a), size(b)];
  const differing = ofA.findIndex((amount, i) => amount !== ofB[i]);
  return differing >= 0 ? ofB[differing]! - ofA[differing]! : a.id < b.id ? -1 : 1;
}
