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

/** What of the grants of a tenant's purchases is neither drawn nor held, in µcr by purchase; one query. */
export function readLeftOf(
  { credits }: Pick<PurchaseDeps, 'credits'>,
  tenantId: string,
  purchaseIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  return credits.readLeft(tenantId, { origin: 'purchase', originRefs: purchaseIds });
}

/** The same of one; 0 without a grant. */
export async function readLeftOfOne(
  deps: Pick<PurchaseDeps, 'credits'>,
  { tenantId, id }: Pick<CreditPurchase, 'id' | 'tenantId'>,
): Promise<number> {
  return (await readLeftOf(deps, tenantId, [id])).get(id) ?? 0;
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
 * Keeps the credits from being used, or lets them be used again: their end then moves by how long it
 * was. Each time has its own name, so each is done once. Answers what is to be written on the purchase.
 */
export async function setFrozen(
  { credits, clock }: Pick<PurchaseDeps, 'credits' | 'clock'>,
  tx: Tx,
  row: CreditPurchase,
  wanted: boolean,
): Promise<Partial<CreditPurchase>> {
  if (wanted === (row.frozenAt !== null)) return {};
  const freezes = wanted ? row.freezes + 1 : row.freezes;
  const change = { ...grantOf(row), ref: `${row.id}:${freezes}` };
  if (wanted) {
    await credits.freeze({ ...change, reason: 'A refund or a dispute is open.' }, tx);
    return { freezes, frozenAt: clock.now() };
  }
  await credits.unfreeze({ ...change, reason: 'The refund or dispute is over.' }, tx);
  return { frozenAt: null };
}
