import { inTransaction, type Tx } from '../../../../db/client.ts';
import {
  findTopUp,
  orderLook,
} from '../../../../db/repositories/billing/credit-purchase.repository.ts';
import { lockSpending } from '../../../../db/repositories/billing/lock.repository.ts';
import {
  findAutoTopUp,
  switchAutoTopUpOff,
  writeAutoTopUp,
} from '../../../../db/repositories/billing/top-up.repository.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import { findTenantById } from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import { faultOf, type PackConsent } from '../../../../domain/billing/spending/top-up.ts';
import { BillingError, isBusy } from '../../../../domain/errors.ts';
import { savedMethodOf } from '../../stripe/customers.ts';
import type { OfferedPack } from '../../stripe/packs/pack-catalogue.ts';
import type { BuyingDeps } from '../purchases/begin.ts';
import { syncPurchase } from '../purchases/sync-purchase.ts';
import { actorOf, type Requester } from '../requester.ts';
import { currencyOfTenant } from '../subscription/tenant-currency.ts';
import { zoneOf } from './zone-of.ts';

/** What an owner or admin asks for. */
export type TopUpInput =
  | { enabled: false }
  | {
      enabled: true;
      packId: string;
      lowCredits: number;
      monthMaxMinor: number;
      /** What was shown. */
      consent: PackConsent;
    };

/**
 * Has a pack bought by itself from now on whenever few credits are left, at the price that was shown; or
 * not any more. Agreeing anew ends a pause. 400 `unknown_pack`, 409 `consent_stale` with the present
 * price, 409 `card_needed`, 409 `currency_conflict`, 422 `invalid_top_up`. Switching off waits for a charge
 * that is under way, and takes from Stripe what waits for its owner; 503 `busy` when that takes long, and
 * then it is off all the same.
 */
export async function setTopUp(
  deps: BuyingDeps,
  requester: Requester,
  wish: TopUpInput,
): Promise<void> {
  if (!wish.enabled) return switchOff(deps, requester);
  const { packId, lowCredits, monthMaxMinor, consent } = wish;
  const { tenantId, userId } = requester;
  const { db, clock } = deps;
  const { validDays } = await assertPresent(deps, tenantId, wish);
  const fault = faultOf(wish, consent);
  if (fault) throw new BillingError('invalid_top_up', fault);
  await assertCard(deps, tenantId);
  const now = clock.now();
  const agreed = { enabled: true, packId, lowCredits, monthMaxMinor, ...consent, validDays };
  await inTransaction(db, async (tx) => {
    await lockSpending(tx, tenantId);
    const before = await findAutoTopUp(tx, tenantId);
    await writeAutoTopUp(tx, {
      ...{ tenantId, ...agreed, agreedBy: userId, agreedAt: now, changedAt: now },
      ...{ timeZone: before?.timeZone ?? (await zoneOf(tx, tenantId)) },
      ...{ paused: null, pausedMethod: null },
    });
    await audit(tx, requester, now, { action: 'top_up.agreed', after: agreed });
  });
}

function audit(
  tx: Tx,
  requester: Requester,
  now: Date,
  entry: { action: string; after: object },
): Promise<void> {
  const { tenantId, requestId = null } = requester;
  return insertAuditEntry(tx, { tenantId, actor: actorOf(requester), requestId, now, ...entry });
}

async function switchOff(deps: BuyingDeps, requester: Requester): Promise<void> {
  const { tenantId } = requester;
  const now = deps.clock.now();
  const open = await inTransaction(deps.db, async (tx) => {
    await lockSpending(tx, tenantId);
    const wasOn = await switchAutoTopUpOff(tx, tenantId, now);
    if (wasOn)
      await audit(tx, requester, now, { action: 'top_up.ended', after: { enabled: false } });
    const found = await findTopUp(tx, tenantId);
    if (found) await orderLook(tx, [found.id], now);
    return found;
  });
  if (!open) return;
  await syncPurchase(deps, open.id).catch((err: unknown) => {
    // Somebody else is at the customer, and may be charging.
    if (isBusy(err)) throw err;
    // Nothing is charged any more; what is there is taken back by the sweep.
    deps.log.warn({ err, tenantId }, 'a top-up was put off');
  });
}

/** The pack, which is sold in what the team is billed in and is what was shown. */
async function assertPresent(
  { db, packs }: BuyingDeps,
  tenantId: string,
  { packId, consent }: Extract<TopUpInput, { enabled: true }>,
): Promise<OfferedPack> {
  const pack = await packs.getOffered(packId);
  const { amounts, credits, bonus } = pack;
  const bound = await currencyOfTenant(db, tenantId);
  const cost = amounts.find(({ currency }) => currency === consent.currency);
  if (!cost || (bound !== null && bound !== consent.currency)) {
    throw new BillingError(
      'currency_conflict',
      'The pack is not sold to the team in that currency; GET /api/credits/packs lists what it costs.',
      { data: { currency: bound } },
    );
  }
  const present = { ...cost, credits: credits + bonus };
  const isShown = consent.amountMinor === cost.amountMinor && consent.credits === present.credits;
  if (isShown) return pack;
  throw new BillingError(
    'consent_stale',
    'The pack costs or holds something else by now; look at it again before you agree to it.',
    { data: { packId, pack: present } },
  );
}

async function assertCard({ db, stripe }: BuyingDeps, tenantId: string): Promise<void> {
  const customerId = (await findTenantById(db, tenantId))?.stripeCustomerId;
  const billing = customerId ? await stripe.findBilling(customerId) : undefined;
  if (billing && savedMethodOf(billing) !== null) return;
  throw new BillingError(
    'card_needed',
    'There is no saved card that could be charged. A subscription has one, and so has who saved one at “Payment method and invoices”.',
  );
}
