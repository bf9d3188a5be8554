import type { Tx } from '../../../../db/client.ts';
import { listUncollected } from '../../../../db/repositories/billing/statements/uncollected.repository.ts';
import type { OverageSum, SeqRange } from '../../../../db/repositories/usage/credits/unbilled.ts';
import type { ClosingDeps } from './statement-deps.ts';

/** Movements that one statement covers. */
export interface Run extends SeqRange {
  /** Of one currency. */
  sums: OverageSum[];
  /** It takes back what bills had that nobody paid: it is owed to nobody. */
  isOfUncollected: boolean;
}

/**
 * What was drawn from a number on, up to where the account begins to be billed in another currency, and up
 * to where usage begins, or ceases, to be taken back that was billed and is paid by nobody.
 */
export async function readRun(
  deps: ClosingDeps,
  tx: Tx,
  tenantId: string,
  from: number,
): Promise<Run | undefined> {
  const last = await deps.router.read(
    tenantId,
    (bucket) => bucket.findLastSeq(tenantId),
    (seq) => seq === undefined,
  );
  if (last === undefined || last < from) return undefined;
  const sums = await readSums(deps, tenantId, { from, to: last });
  const other = sums.find(({ currency }) => currency !== sums[0]!.currency);
  const ofCurrency = { from, to: other ? other.firstSeq - 1 : last };
  const { to, isOfUncollected } = await readKind(deps, tx, tenantId, ofCurrency);
  return {
    ...{ from, to, isOfUncollected },
    sums: to === last ? sums : await readSums(deps, tenantId, { from, to }),
  };
}

/** In the order of their first movements. */
async function readSums({ router }: ClosingDeps, tenantId: string, run: SeqRange) {
  const sums = await router.read(
    tenantId,
    (bucket) => bucket.sumOverage(tenantId, run),
    (found) => found.length === 0,
  );
  return sums.toSorted((a, b) => a.firstSeq - b.firstSeq);
}

/** How far a run is of one kind, and of which. */
async function readKind(
  { router }: ClosingDeps,
  tx: Tx,
  tenantId: string,
  run: SeqRange,
): Promise<{ to: number; isOfUncollected: boolean }> {
  const uncollected = await listUncollected(tx, tenantId);
  if (uncollected.length === 0) return { to: run.to, isOfUncollected: false };
  const { back, other } = await router.read(
    tenantId,
    (bucket) => bucket.findTakenBack(tenantId, run, uncollected),
    (found) => found.back === null && found.other === null,
  );
  const isOfUncollected = back !== null && (other === null || back < other);
  const next = isOfUncollected ? other : back;
  return { to: next === null ? run.to : next - 1, isOfUncollected };
}
