import type { Tx } from '../../../../db/client.ts';
import type { CreditPurchase } from '../../../../db/schema/index.ts';
import { packMicro } from '../../../../domain/billing/pack.ts';
import type { PurchaseDeps } from './purchase-deps.ts';

const DAY_MS = 86_400_000;
const actor = { kind: 'system', task: 'credit-purchase' } as const;

/** How the grant of a purchase is named, whoever changes it. */
export function grantOf({ id, tenantId }: Pick<CreditPurchase, 'id' | 'tenantId'>) {
  return { tenantId, origin: 'purchase', originRef: id, actor } as const;
}

/** What the credits were granted for that came back with a refund, when it failed after they were taken. */
export const returnedRef = (purchaseId: string, refund: string) => `${purchaseId}:${refund}`;

/** What grants of a purchase may have been made for: itself, and each refund whose share was taken. */
const refsOf = ({ id, takenBack }: Pick<CreditPurchase, 'id' | 'takenBack'>) => [
  id,
  ...Object.keys(takenBack).map((refund) => returnedRef(id, refund)),
];

/** What of all grants of a tenant's purchases is neither drawn nor held, in µcr by purchase; one query. */
export async function readLeftOf(
  { credits }: Pick<PurchaseDeps, 'credits'>,
  tenantId: string,
  rows: readonly Pick<CreditPurchase, 'id' | 'takenBack'>[],
): Promise<ReadonlyMap<string, number>> {
  const left = await credits.readLeft(tenantId, {
    origin: 'purchase',
    originRefs: rows.flatMap(refsOf),
  });
  return new Map(
    rows.map((row) => [row.id, refsOf(row).reduce((sum, ref) => sum + (left.get(ref) ?? 0), 0)]),
  );
}

/** The same of one; 0 without a grant. */
export async function readLeftOfOne(
  deps: Pick<PurchaseDeps, 'credits'>,
  row: CreditPurchase,
): Promise<number> {
  return (await readLeftOf(deps, row.tenantId, [row])).get(row.id)!;
}

/**
 * What grants of the purchase were made for, its own first. To be read before the transaction that changes
 * them, for it may wait for the account.
 */
export async function listGrants(
  { credits }: Pick<PurchaseDeps, 'credits'>,
  row: CreditPurchase,
): Promise<string[]> {
  const originRefs = refsOf(row).slice(1);
  const there = await credits.readLeft(row.tenantId, { origin: 'purchase', originRefs });
  return [row.id, ...originRefs.filter((ref) => there.has(ref))];
}

/** The grant of a purchase that was paid: made once, for so long from the payment on. */
export async function ensureGrant(
  { credits, clock }: Pick<PurchaseDeps, 'credits' | 'clock'>,
  row: CreditPurchase,
  tx?: Tx,
): Promise<{ id: string; expiresAt: Date }> {
  const paidAt = row.paidAt ?? clock.now();
  const { grant } = await credits.grant(
    {
      ...grantOf(row),
      amountMicro: packMicro(row),
      effectiveAt: paidAt,
      expiresAt: new Date(paidAt.getTime() + row.validDays * DAY_MS),
      reason: `The pack ${row.packId} was bought.`,
    },
    tx,
  );
  return grant;
}

/**
 * Keeps the credits of these grants from being used, or lets them be used again: their end then moves by how long it
 * was. Each time has its own name, so each is done once. Answers what is to be written on the purchase.
 */
export async function setFrozen(
  { credits, clock }: Pick<PurchaseDeps, 'credits' | 'clock'>,
  tx: Tx,
  row: CreditPurchase,
  { wanted, grants }: { wanted: boolean; grants: readonly string[] },
): Promise<Partial<CreditPurchase>> {
  if (wanted === (row.frozenAt !== null)) return {};
  const freezes = wanted ? row.freezes + 1 : row.freezes;
  for (const originRef of grants) {
    const change = { ...grantOf(row), originRef, ref: `${originRef}:${freezes}` };
    if (wanted) await credits.freeze({ ...change, reason: 'A refund or a dispute is open.' }, tx);
    else await credits.unfreeze({ ...change, reason: 'The refund or dispute is over.' }, tx);
  }
  return wanted ? { freezes, frozenAt: clock.now() } : { frozenAt: null };
}
