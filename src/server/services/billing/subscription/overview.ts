import { setTimeout as pause } from 'node:timers/promises';
import { findLastIntent } from '../../../../db/repositories/billing/billing-intent.repository.ts';
import {
  findCurrencyOf,
  findOpenPayment,
} from '../../../../db/repositories/billing/payments/payment.repository.ts';
import { findEndCauses } from '../../../../db/repositories/billing/remedy.repository.ts';
import { findListed } from '../../../../db/repositories/billing/statements/statement.repository.ts';
import { SubscriptionRepository } from '../../../../db/repositories/subscription.repository.ts';
import type {
  PriceAction,
  SubscriptionOverview,
  SubscriptionView,
} from '../../../../domain/api.ts';
import { canManageBilling } from '../../../../domain/ids.ts';
import type { PlanDefinition } from '../../../../domain/plans.ts';
import { priceActions } from '../../../../domain/billing/subscription-change.ts';
import { trialDaysOf } from '../sync/trial-history.ts';
import { READ_TIMEOUTS } from '../../stripe/client/client.ts';
import { isStripeUnavailable } from '../../stripe/client/errors.ts';
import { getTenant, type BillingDeps } from './change-billing.ts';
import type { Requester } from '../requester.ts';
import { viewSettled } from '../intents/outcome.ts';
import { refreshCustomer } from '../sync/sync-customer.ts';
import { KeyedQueue } from '../locks/keyed-queue.ts';
import { announcedFor } from '../../plans/announce.ts';
import { growthOf } from '../../plans/growth.ts';
import { unboundCurrencyOf } from './tenant-currency.ts';
import { chooseShown, viewSubscription, viewUnpaid, type Shown } from './view.ts';

/** How old our copy may be before a reader makes us look again. */
const FRESH_MS = 60_000;
/** How long readers leave Stripe alone after it did not answer one of them. */
const BACK_OFF_MS = 10_000;
/** How long a reader waits for that, whatever holds it up; it goes on for those who come later. */
const LOOK_WITHIN_MS = 4_000;
/** How many readers may have Stripe asked at once. */
const LANES = 4;

/**
 * Answers readers from our rows, and has Stripe asked when those are older than a minute. That
 * never fails a read: it then answers the last copy, and says `stale`.
 */
export class SubscriptionReader {
  readonly #billing: BillingDeps;
  readonly #queue = new KeyedQueue(Number.POSITIVE_INFINITY);
  #nextLane = 0;
  #stripeAwayUntil = 0;

  constructor(billing: BillingDeps) {
    this.#billing = billing;
  }

  async overview(requester: Requester): Promise<SubscriptionOverview> {
    const { db, clock, usage, trialDays } = this.#billing;
    const stale = await this.#refresh(requester);
    const [{ shown, view }, stats, tenant, failed] = await Promise.all([
      this.#read(requester, stale),
      usage.getUsageStats(requester.tenantId),
      getTenant(db, requester.tenantId),
      findListed(db, requester.tenantId, { state: 'failed' }),
    ]);
    const mayPay = canManageBilling(requester.role);
    const currency = shown.live ? await findCurrencyOf(db, shown.live) : null;
    return {
      subscription: view,
      usage: stats,
      features: [...(await this.#planOf(shown)).features],
      actions: await this.#actions(shown),
      canManageBilling: mayPay,
      currency,
      usualCurrency: currency ?? (await unboundCurrencyOf(db, requester.tenantId, clock.now())),
      trialDays: await trialDaysOf(db, tenant, trialDays, clock.now()),
      unpaidStatement: failed ? viewUnpaid(failed, mayPay) : null,
    };
  }

  /** The subscription alone, as our rows have it: for right after a sync. */
  async view(requester: Requester): Promise<SubscriptionView> {
    return (await this.#read(requester, false)).view;
  }

  async #read(
    requester: Requester,
    stale: boolean,
  ): Promise<{ shown: Shown; view: SubscriptionView }> {
    const { db, clock, catalogue, plans, graceDays } = this.#billing;
    const rows = await new SubscriptionRepository(db).findByTenantId(requester.tenantId);
    const shown = chooseShown(rows, clock.now(), graceDays);
    const { live } = shown;
    const owed = live && (live.status === 'past_due' || live.pendingPriceId) ? live : undefined;
    const openPayment = owed
      ? await findOpenPayment(db, requester.tenantId, owed.stripeSubscriptionId)
      : undefined;
    const over = shown.row && !shown.live ? shown.row.stripeSubscriptionId : undefined;
    const causes = await findEndCauses(db, over ? [over] : []);
    const endReason = over === undefined ? null : (causes.get(over) ?? null);
    const last = await findLastIntent(db, requester.tenantId);
    const now = clock.now();
    const settled = await viewSettled(catalogue, last, now);
    const tenant = await getTenant(db, requester.tenantId);
    const growing = live ? await growthOf(plans, live, now) : null;
    const announcedChange = await announcedFor(db, tenant);
    const { credits } = tenant;
    const known = { openPayment, last, settled, credits, growing, announcedChange };
    const options = { ...known, graceDays, stale, endReason, now };
    const view = viewSubscription(shown, options);
    // The address is as good as a key to the invoice: only for who may pay.
    if (!canManageBilling(requester.role)) {
      if (view.pastDue) view.pastDue.payUrl = null;
      if (view.pendingChange) view.pendingChange.payUrl = null;
    }
    return { shown, view };
  }

  #planOf({ plan, live }: Shown): Promise<PlanDefinition> {
    const version = live?.plan === plan ? live.planVersion : null;
    return this.#billing.plans.get(plan, version);
  }

  /** True when our copy is old and Stripe could not be asked. */
  async #refresh({ tenantId }: Requester): Promise<boolean> {
    const billing = this.#billing;
    const { stripeCustomerId, syncedAt } = await getTenant(billing.db, tenantId);
    const now = billing.clock.now().getTime();
    if (!stripeCustomerId || (syncedAt && now - syncedAt.getTime() < FRESH_MS)) return false;
    // A Stripe that hangs must not take a connection for every reader: few look, the rest learn.
    const lane = (this.#nextLane = (this.#nextLane + 1) % LANES);
    const looked = this.#queue.run(String(lane), () => this.#look(stripeCustomerId, tenantId, now));
    billing.drain.during(looked);
    return Promise.race([looked, pause(LOOK_WITHIN_MS, true, { ref: false })]);
  }

  async #look(customerId: string, tenantId: string, now: number): Promise<boolean> {
    const billing = this.#billing;
    if (now < this.#stripeAwayUntil) return true;
    try {
      const outcome = await refreshCustomer(billing, customerId, new Date(now - FRESH_MS), {
        actor: { kind: 'system', task: 'read' },
        timeouts: READ_TIMEOUTS,
      });
      return outcome === 'missing';
    } catch (error) {
      billing.log.warn({ err: error, tenantId }, 'answering from the last copy');
      if (isStripeUnavailable(error)) this.#stripeAwayUntil = now + BACK_OFF_MS;
      return true;
    }
  }

  /** Empty while no price was ever read: a button that may be wrong is not offered. */
  async #actions({ plan, live }: Shown): Promise<Record<string, PriceAction>> {
    const { catalogue, log } = this.#billing;
    try {
      const current = live && {
        priceId: live.stripePriceId,
        // What is paid for, which past due is more than what is had.
        plan: live.plan === 'free' ? plan : live.plan,
        interval: live.interval,
        scheduledPriceId: live.scheduledPriceId,
      };
      return priceActions(current, await catalogue.listOffered());
    } catch (error) {
      if (!isStripeUnavailable(error)) throw error;
      log.warn({ err: error }, 'no prices to offer');
      return {};
    }
  }
}
