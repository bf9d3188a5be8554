import { inTransaction } from '../../../../db/client.ts';
import { findTopUp } from '../../../../db/repositories/billing/credit-purchase.repository.ts';
import { lockSpending } from '../../../../db/repositories/billing/lock.repository.ts';
import {
  findBillingContact,
  findTenantById,
} from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import {
  findAutoTopUp,
  listReadyTopUps,
  type ReadyTopUp,
} from '../../../../db/repositories/billing/top-up.repository.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import type { AutoTopUp } from '../../../../db/schema/index.ts';
import { MICRO_PER_CREDIT } from '../../../../domain/billing/credits.ts';
import { isAgreed } from '../../../../domain/billing/spending/top-up.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { NO_ID } from '../../../../domain/ids.ts';
import type { OfferedPack } from '../../stripe/packs/pack-catalogue.ts';
import type { UsageRouter } from '../../usage/routing/router.ts';
import type { BuyingDeps } from '../purchases/begin.ts';
import { pauseTopUp, topUpTask } from '../purchases/end-top-up.ts';
import { insertAllowed } from '../purchases/judge-purchase.ts';
import { readTopUpMonth } from '../purchases/top-up-month.ts';
import { currencyOfTenant } from '../subscription/tenant-currency.ts';
import { PURCHASE_QUEUE } from '../sync/queues.ts';

export interface TopUpDeps extends BuyingDeps {
  /** Where balances are read. */
  router: Pick<UsageRouter, 'bucket' | 'read'>;
}

const AT_ONCE = 1_000;
/** One that Stripe could not be asked about for so long is given up; by then there may be credits. */
const BEGIN_WITHIN_MS = 3_600_000;

/**
 * Begins a top-up for everybody who has fewer credits than they wished and none under way; answers how
 * many. Reading balances is all that it asks of metering. One tenant that fails stops no other.
 */
export async function beginTopUps(deps: TopUpDeps, signal?: AbortSignal): Promise<number> {
  let count = 0;
  let after = NO_ID;
  for (;;) {
    const ready = await listReadyTopUps(deps.db, { after, limit: AT_ONCE });
    for (const one of await findLow(deps, ready)) {
      if (signal?.aborted) return count;
      try {
        if (await wantTopUp(deps, one)) count += 1;
      } catch (err) {
        deps.log.warn({ err, tenantId: one.tenantId }, 'an auto top-up was not begun');
      }
    }
    if (ready.length < AT_ONCE) return count;
    after = ready.at(-1)!.tenantId;
  }
}

const isLow = (micro: number | undefined, { lowCredits }: AutoTopUp) =>
  (micro ?? 0) < lowCredits * MICRO_PER_CREDIT;

/** Those whose balance looks low, a question a bucket. */
async function findLow(deps: TopUpDeps, ready: ReadyTopUp[]): Promise<ReadyTopUp[]> {
  const low: ReadyTopUp[] = [];
  for (const [number, some] of Map.groupBy(ready, ({ bucket }) => bucket)) {
    try {
      const bucket = await deps.router.bucket(number);
      const ids = some.map(({ tenantId }) => tenantId);
      const balances = await bucket.listBalances(ids, deps.clock.now());
      low.push(...some.filter((one) => isLow(balances.get(one.tenantId), one)));
    } catch (err) {
      deps.log.warn({ err, bucket: number }, 'the top-ups of a bucket wait');
    }
  }
  return low;
}

/** Money is spent on it: asked once more, wherever the tenant's metering lies by now. */
function readBalance({ router, clock }: TopUpDeps, tenantId: string): Promise<number | undefined> {
  return router.read(
    tenantId,
    async (bucket) => (await bucket.listBalances([tenantId], clock.now())).get(tenantId),
    (found) => found === undefined,
  );
}

async function wantTopUp(deps: TopUpDeps, agreed: AutoTopUp): Promise<boolean> {
  const { tenantId, currency, packId } = agreed;
  const pack = (await deps.packs.listOffered()).find(({ id }) => id === packId);
  const cost = pack?.amounts.find((one) => one.currency === currency);
  if (!pack || !cost) return pause(deps, agreed, 'not_offered');
  const bound = await currencyOfTenant(deps.db, tenantId);
  const isBound = bound !== null && bound !== currency;
  const { credits, bonus, validDays } = pack;
  if (isBound || !isAgreed(agreed, { ...cost, credits: credits + bonus, validDays })) {
    return pause(deps, agreed, 'price');
  }
  return begin(deps, agreed, pack, cost.amountMinor);
}

/** Stores the purchase, unless somebody was faster, took it back, or has come to a maximum. */
async function begin(
  deps: TopUpDeps,
  agreed: AutoTopUp,
  pack: OfferedPack,
  amountMinor: number,
): Promise<boolean> {
  const { db, clock, jobs } = deps;
  const { tenantId, currency } = agreed;
  const now = clock.now();
  const allowed = inTransaction(db, async (tx) => {
    await lockSpending(tx, tenantId);
    const tenant = await findTenantById(tx, tenantId);
    const present = await findAutoTopUp(tx, tenantId);
    const isSame = present?.enabled && present.paused === null && present.packId === pack.id;
    if (!isSame || !tenant?.stripeCustomerId || (await findTopUp(tx, tenantId))) return false;
    // Read when none is open: one that was a moment ago has given its credits.
    if (!isLow(await readBalance(deps, tenantId), present)) return false;
    const month = (await readTopUpMonth(tx, tenantId, now))!;
    if (month.spentMinor + amountMinor > month.maxMinor) return false;
    const { id: packId, version: packVersion, credits, bonus, validDays } = pack;
    const expiresAt = new Date(now.getTime() + BEGIN_WITHIN_MS);
    const locale = (await findBillingContact(tx, tenantId))?.locale ?? 'zh-CN';
    const wanted = { tenantId, userId: present.agreedBy, trigger: 'auto', packId, packVersion };
    const { id } = await insertAllowed(
      deps,
      tx,
      {
        ...{ ...wanted, trigger: 'auto', credits, bonus, validDays, amountMinor, currency },
        ...{ stripeCustomerId: tenant.stripeCustomerId, stripePriceId: pack.priceId },
        ...{ locale, expiresAt, createdAt: now, lookAt: now },
      },
      now,
    );
    await insertAuditEntry(tx, {
      ...{ tenantId, actor: topUpTask, action: 'top_up.begun', subjectId: id, now },
      after: { packId, amountMinor, currency },
    });
    await jobs.send(PURCHASE_QUEUE, { purchaseId: id }, { tx, singletonKey: id });
    return true;
  });
  return allowed.catch((error: unknown) => {
    // The team's rule: the page says so, and until when.
    if (error instanceof BillingError && error.code === 'spending_rule') return false;
    throw error;
  });
}

async function pause(
  { db, clock }: TopUpDeps,
  agreed: AutoTopUp,
  reason: 'price' | 'not_offered',
): Promise<false> {
  const now = clock.now();
  const subjectId = `${agreed.tenantId}:${agreed.agreedAt.toISOString()}:${reason}`;
  const paused = { ...agreed, subjectId, pause: reason, methodId: null, now };
  await inTransaction(db, async (tx) => {
    await lockSpending(tx, agreed.tenantId);
    const present = await findAutoTopUp(tx, agreed.tenantId);
    // Who has agreed anew since it was read has seen what is offered now.
    const isSame = present?.agreedAt.getTime() === agreed.agreedAt.getTime();
    if (isSame) await pauseTopUp(tx, paused);
  });
  return false;
}
