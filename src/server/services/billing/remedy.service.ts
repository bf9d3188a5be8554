import type { Tx } from '../../../db/client.ts';
import { raiseAlert, resolveAlert } from '../../../db/repositories/operations/alert.repository.ts';
import { listTenantsAtCheckout } from '../../../db/repositories/billing/checkout-session.repository.ts';
import { tryLockTenantBilling } from '../../../db/repositories/billing/lock.repository.ts';
import {
  findRemedy,
  listDueRemedies,
  listTenantsToRemedy,
  markRemedyDone,
  markRemedyFailed,
} from '../../../db/repositories/billing/remedy.repository.ts';
import { findTenantById } from '../../../db/repositories/billing/tenant-billing.repository.ts';
import type { Remedy } from '../../../db/schema/index.ts';
import { BillingError } from '../../../domain/errors.ts';
import { errorText } from '../../log/error-text.ts';
import type { Jobs } from '../../jobs.ts';
import { closeCheckouts } from './remedy/close-checkouts.ts';
import { endSubscription } from './remedy/end-subscription.ts';
import {
  judgeSum,
  orderSum,
  type SumDetails,
  type SumFound,
  type SumOrder,
  type SumInput,
} from './remedy/order-sum.ts';
import { refundInvoice } from './remedy/refund-invoice.ts';
import { refundSum, type SumOutcome } from './remedy/refund-sum.ts';
import { syncCustomer } from './sync/sync-customer.ts';
import type { SyncDeps } from './sync/sync-deps.ts';
import { REMEDY_QUEUE } from './sync/queues.ts';

const TENANTS_MAX = 200;
const FIRST_RETRY_MS = 60_000;
const RETRY_MS_MAX = 6 * 3600_000;
const ALERT_AFTER_ATTEMPTS = 5;
const ALERT = 'remedy_failing';

/**
 * Carries out what the sync ordered: ends subscriptions that are one too many, gives money back that
 * can give nothing, closes Checkout sessions that may no longer be paid. Every step may be cut and
 * repeated; what fails is tried again with growing delays.
 */
export class RemedyService {
  readonly #deps: SyncDeps;

  constructor(deps: SyncDeps) {
    this.#deps = deps;
  }

  /** Registers the worker; before the jobs start. */
  registerWorker(jobs: Pick<Jobs, 'work'>): void {
    const work = ({ tenantId }: { tenantId: string }) => this.carryOut(tenantId);
    jobs.work(REMEDY_QUEUE, work, { policy: 'short', retryLimit: 3 });
  }

  /** Everything that is due, of every tenant; answers how many tenants it looked at. */
  async carryOutAll(signal?: AbortSignal): Promise<number> {
    const { db, clock, log } = this.#deps;
    const tenants = new Set([
      ...(await listTenantsToRemedy(db, clock.now(), TENANTS_MAX)),
      ...(await listTenantsAtCheckout(db, TENANTS_MAX)),
    ]);
    for (const tenantId of tenants) {
      if (signal?.aborted) break;
      await this.carryOut(tenantId).catch((err: unknown) => {
        log.warn({ err, tenantId }, 'a remedy was put off');
      });
    }
    return tenants.size;
  }

  /** What is due of one tenant; nothing while somebody changes its billing. */
  async carryOut(tenantId: string): Promise<void> {
    await closeCheckouts(this.#deps, tenantId);
    // Ending a subscription orders refunds: a second round does those at once.
    for (let round = 0; round < 3; round += 1) {
      if (!(await this.#carryOutDue(tenantId))) return;
    }
  }

  /** What of an invoice an operator would give back; see `judgeSum`. */
  judgeSum(wish: SumInput): Promise<SumFound> {
    return judgeSum(this.#deps, wish);
  }

  /**
   * Gives a sum of an invoice back, once a ref: a repeat answers what became of the first. `amountMinor` is what
   * went back, less than was asked for where Stripe refused it for one of several charges. Besides the errors
   * of `judgeSum`: 503 `outcome_unknown` while it is not known, and 409 `nothing_to_refund` where nothing went.
   */
  async refundSum(order: SumOrder): Promise<SumDetails & { isNew: boolean }> {
    const { db, log } = this.#deps;
    const { tenantId } = order;
    const { subjectId, isNew } = await orderSum(this.#deps, order);
    await this.carryOut(tenantId).catch((err: unknown) => {
      log.warn({ err, tenantId }, 'a remedy was put off');
    });
    const remedy = await findRemedy(db, { kind: 'refund_sum', subjectId });
    if (remedy?.state !== 'done') throw sumUnknown();
    const sum = remedy.details as SumDetails & SumOutcome;
    if (sum.outcome === 'refunded') return { ...sum, amountMinor: sum.returnedMinor, isNew };
    throw new BillingError(
      'nothing_to_refund',
      'Nothing went back: refunds or credit notes had given it back meanwhile, or the payment service refused.',
    );
  }

  async #carryOutDue(tenantId: string): Promise<boolean> {
    const { db, clock } = this.#deps;
    const due = await listDueRemedies(db, tenantId, clock.now());
    let ended = false;
    for (const remedy of due) {
      const outcome = await this.#take(remedy);
      if (outcome === 'busy') return false;
      ended ||= outcome === 'done' && remedy.kind === 'end_subscription';
    }
    if (ended) await this.#sync(tenantId);
    return due.length > 0;
  }

  async #take(remedy: Remedy): Promise<'done' | 'failed' | 'busy'> {
    const { held, clock } = this.#deps;
    try {
      return await held.run(async (tx) => {
        if (!(await tryLockTenantBilling(tx, remedy.tenantId))) return 'busy';
        const now = clock.now();
        const outcome = await this.#perform(tx, remedy, now);
        await markRemedyDone(tx, remedy.id, { outcome, now });
        await resolveAlert(tx, ALERT, remedy.id, now);
        return 'done';
      });
    } catch (error) {
      await this.#failed(remedy, error);
      return 'failed';
    }
  }

  #perform(tx: Tx, remedy: Remedy, now: Date): Promise<object> {
    if (remedy.kind === 'refund_sum') return refundSum(this.#deps, tx, remedy, now);
    return remedy.kind === 'end_subscription'
      ? endSubscription(this.#deps, tx, remedy, now)
      : refundInvoice(this.#deps, tx, remedy, now);
  }

  async #failed(remedy: Remedy, reason: unknown): Promise<void> {
    const { db, clock, log } = this.#deps;
    log.warn({ err: reason, remedy: remedy.id, kind: remedy.kind }, 'a remedy failed');
    const now = clock.now();
    const attempts = remedy.attempts + 1;
    const delay = Math.min(FIRST_RETRY_MS * 2 ** remedy.attempts, RETRY_MS_MAX);
    const nextAttemptAt = new Date(now.getTime() + delay);
    await markRemedyFailed(db, remedy.id, { error: errorText(reason), nextAttemptAt });
    if (attempts < ALERT_AFTER_ATTEMPTS) return;
    await raiseAlert(db, {
      tenantId: remedy.tenantId,
      kind: ALERT,
      subjectId: remedy.id,
      message: `${remedy.kind} of ${remedy.subjectId} failed ${attempts} times (${errorText(reason)}); do it in the dashboard.`,
      details: {
        ...{ cause: remedy.cause, remedy: remedy.kind, objectId: remedy.subjectId },
        ...{ attempts, error: errorText(reason) },
      },
      now,
    });
  }

  async #sync(tenantId: string): Promise<void> {
    const tenant = await findTenantById(this.#deps.db, tenantId);
    if (!tenant?.stripeCustomerId) return;
    await syncCustomer(this.#deps, tenant.stripeCustomerId, {
      actor: { kind: 'system', task: 'remedy' },
    });
  }
}

function sumUnknown(): BillingError {
  return new BillingError(
    'outcome_unknown',
    'The payment service did not say whether the refund went through. It is carried to its end within a few minutes, once; look again then.',
    { retryAfterSeconds: 120 },
  );
}
