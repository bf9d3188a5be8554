import type { Readable } from 'node:stream';
import type { Database } from '../../db/client.ts';
import { startListener, type Listener } from '../../db/listener.ts';
import { notifyUsageChanged } from '../../db/repositories/usage/buckets/placement.ts';
import type { UsageHistory, UsageStats } from '../../domain/api.ts';
import type { QuoteView } from '../../domain/billing/usage/quote.ts';
import type { Clock } from '../../domain/clock.ts';
import { daysOf, periodOf, type DaysWanted, type Period } from '../../domain/period.ts';
import type { PlanDefinition } from '../../domain/plans.ts';
import type { ResourceType } from '../../domain/quota.ts';
import type { UsageBreakdown } from '../../domain/billing/usage/breakdown.ts';
import type { Logger } from '../log.ts';
import { PlanCatalogue } from './plans/plan-catalogue.ts';
import { AllowanceService } from './usage/quota/allowance.service.ts';
import { checkQuota, type QuotaCheck } from './usage/quota/check-quota.ts';
import type { Recorded } from './usage/calls/results.ts';
import type { ReservationRequest } from './usage/calls/validation.ts';
import { correctUsage, resetUsage } from './usage/ledger/correct.ts';
import type { CorrectionRequest, ResetRequest } from './usage/ledger/correct.ts';
import { CreditService } from './usage/credits/credit.service.ts';
import { Entitlements } from './usage/entitlements.ts';
import { breakDownUsage, type BreakdownRequest } from './usage/ledger/breakdown.ts';
import { openExport, openReport } from './usage/ledger/export.ts';
import { ingestBatch, type IngestResult } from './usage/ingest.ts';
import { MemberLimitService } from './usage/ledger/member-limit.service.ts';
import { ReversalService } from './usage/ledger/reversal.service.ts';
import { LiveUsage } from './usage/live-usage.ts';
import type { UsageMetrics } from './usage/metrics.ts';
import type { MeteringDeps } from './usage/metering-deps.ts';
import { quoteMessage, type Quoted } from './usage/quote.ts';
import { BucketSync } from './usage/routing/bucket-sync.ts';
import { createQueues, type QueueOptions } from './usage/routing/queues.ts';
import { begin, release, reserve, settle } from './usage/reservations.ts';
import type { BeginRequest, Reservation, Settled, SettleRequest } from './usage/reservations.ts';
import { ensurePartitions, expireReservations, pruneReservations } from './usage/sweeps.ts';
import { usageHistory, usageStats } from './usage/stats.ts';
import { trackUsage, type TrackRequest } from './usage/track.ts';
import { UsageRouter } from './usage/routing/router.ts';
import { WriteRetries } from './usage/write-retries.ts';
import { watchUsage } from './usage/live-updates.ts';

export interface UsageDeps {
  database: Pick<Database, 'db' | 'pool' | 'buckets' | 'url'>;
  clock: Clock;
  log: Logger;
  /** Shared with billing where that runs beside it. */
  plans?: PlanCatalogue;
  metrics?: UsageMetrics;
  queues?: QueueOptions;
  /** How long the database may take for a batch until its calls are refused with 503. */
  answerWithinMs?: number;
}

/**
 * Metering: what a tenant may use, uses and has used. Every accepted unit is in the ledger when
 * the call is answered, and no limit is passed, by however many callers and processes.
 * When the database cannot be reached every call rejects with 503 and nothing is counted.
 */
export class UsageService {
  /** What pays for use beyond the quota. */
  readonly credits: CreditService;
  /** How many watch usage in this process. */
  readonly watchers = (): number => this.#deps.live.watchers;
  /** What changes a month's quota. */
  readonly allowances: AllowanceService;
  /** Takes single rows of the ledger back. */
  readonly reversals: ReversalService;
  /** What members of a team may use. */
  readonly memberLimits: MemberLimitService;
  /** By what tokens are weighed. */
  readonly rates: Pick<PlanCatalogue, 'ratingOf'>;
  /** Where each tenant's metering is asked. */
  readonly router: UsageRouter;
  readonly #deps: MeteringDeps;
  readonly #database: Pick<Database, 'db' | 'pool' | 'buckets' | 'url'>;
  readonly #bucketSync: BucketSync;
  readonly #writeRetries: WriteRetries;
  #listener: Listener | undefined;

  constructor(deps: UsageDeps) {
    const { database, clock, log, metrics } = deps;
    const plans = deps.plans ?? new PlanCatalogue(database.db);
    const router = new UsageRouter(deps);
    const hears = () => this.#listener?.connected === true;
    this.router = router;
    this.#database = database;
    this.rates = plans;
    this.#writeRetries = new WriteRetries(log);
    this.#bucketSync = new BucketSync({ database, clock, log });
    this.#deps = {
      ...{ db: database.db, router, clock, log, metrics, plans },
      queues: createQueues({ router, clock, metrics }, deps.queues),
      entitlements: new Entitlements({ db: database.db, plans, hears }),
      live: new LiveUsage({ notify: (payload) => notifyUsageChanged(database.pool, payload), log }),
    };
    this.credits = new CreditService({ ...this.#deps, buckets: database.buckets });
    this.allowances = new AllowanceService({ ...this.#deps, buckets: database.buckets });
    this.reversals = new ReversalService(this.#deps);
    this.memberLimits = new MemberLimitService({ ...this.#deps, buckets: database.buckets });
  }

  /** Begins to hear of plan changes and of usage in other processes. Without it nothing is cached. */
  start(): void {
    const { entitlements, live, log, plans, router } = this.#deps;
    this.#listener ??= startListener({
      url: this.#database.url,
      channels: {
        tenant_plan: (tenantId) => {
          entitlements.forget(tenantId);
          live.wake(tenantId);
        },
        plans_published: () => plans.expire(),
        usage_changed: (payload) => live.heard(payload),
        tenant_bucket: (payload) => router.directory.heard(payload),
        metering_copies: () => this.#bucketSync.wake(),
      },
      onGap: () => {
        entitlements.forgetAll();
        plans.expire();
        live.wakeAll();
        router.directory.refresh().catch((err: unknown) => {
          log.warn({ err }, 'the buckets of metering could not be listed');
        });
      },
      onError: (err) => log.warn({ err }, 'the listening connection broke'),
    });
    this.#bucketSync.start();
  }

  async stop(): Promise<void> {
    await this.#writeRetries.stop();
    await this.#bucketSync.stop();
    await this.#deps.live.flush();
    await this.#listener?.close();
    this.#listener = undefined;
  }

  /** Records one consumption; 429 `quota_exceeded` when it does not fit. */
  trackUsage(request: TrackRequest): Promise<Recorded> {
    return trackUsage(this.#deps, request);
  }

  /** Holds units for work that begins now; 429 `quota_exceeded` when they do not fit. */
  reserve(request: ReservationRequest): Promise<Reservation> {
    return reserve(this.#deps, request);
  }

  /** Notes that a reservation's work began, and what is owed of it by now. */
  begin(request: BeginRequest): Promise<void> {
    return begin(this.#deps, request);
  }

  /** Records what a reservation's work really used, in full. */
  settle(request: SettleRequest): Promise<Settled> {
    return settle(this.#deps, request);
  }

  /** Runs `write` until the database has taken it, while this process lives; rejects when it is refused. */
  untilWritten(write: () => Promise<unknown>, what: object): Promise<void> {
    return this.#writeRetries.untilWritten(write, what);
  }

  /** Gives a hold back. */
  release(request: Pick<SettleRequest, 'reservationId' | 'tenantId'>): Promise<void> {
    return release(this.#deps, request);
  }

  /** Records events of another service; one bad event loses none of the others. */
  ingestBatch(events: readonly unknown[]): Promise<IngestResult[]> {
    return ingestBatch(this.#deps, events);
  }

  /** Looks, without reserving: whether `amount` more would fit now, of quota and credits together. */
  checkQuota(tenantId: string, resourceType: ResourceType, amount = 1): Promise<QuotaCheck> {
    return checkQuota(this.#deps, this.credits, { tenantId, resourceType, amount });
  }

  /** What a message would take of quotas and credits; see `quoteMessage`. */
  quote(whose: Quoted, tokens: (left: number | null) => number): Promise<QuoteView> {
    return quoteMessage(this.#deps, this.credits, whose, tokens);
  }

  /** The tenant's effective plan. */
  getPlan(tenantId: string): Promise<PlanDefinition> {
    return this.#deps.entitlements.getPlan(tenantId);
  }

  /** Every resource of a month, the present one unless told. */
  getUsageStats(tenantId: string, period?: Period): Promise<UsageStats> {
    return usageStats(this.#deps, tenantId, period);
  }

  /** What was used on each of the last `days` UTC days, or on each day of a month. */
  getHistory(tenantId: string, wanted: DaysWanted): Promise<UsageHistory> {
    return usageHistory(this.#deps, tenantId, daysOf(wanted, this.#deps.clock.now()));
  }

  /** The usage now and whenever it changes, in any process, until `signal` is aborted. */
  watch(tenantId: string, signal: AbortSignal): AsyncGenerator<UsageStats, void> {
    return watchUsage(this.#deps, tenantId, signal);
  }

  /** A month's usage in parts, the present one unless told; see `breakDownUsage`. */
  breakDown(wanted: BreakdownRequest): Promise<UsageBreakdown> {
    const { period = periodOf(this.#deps.clock.now()), ...rest } = wanted;
    return breakDownUsage(this.#deps, { ...rest, period });
  }

  /** The ledger of a month as CSV. */
  exportCsv(tenantId: string, period: Period, only?: string): Promise<Readable> {
    return openExport(this.#deps, tenantId, period, only);
  }

  /** The usage of the last `days` UTC days, or of a month, as people read it, as CSV. */
  reportCsv(
    tenantId: string,
    wanted: DaysWanted,
    members: readonly { id: string; name: string }[],
    only?: { id: string; others: string },
  ): Promise<Readable> {
    const days = daysOf(wanted, this.#deps.clock.now());
    const span = { from: days[0]!, to: days.at(-1)! };
    return openReport(this.#deps, tenantId, span, members, only);
  }

  correct(request: CorrectionRequest): Promise<{ used: number }> {
    return correctUsage(this.#deps, request);
  }

  resetUsage(request: ResetRequest): Promise<{ before: number }> {
    return resetUsage(this.#deps, request);
  }

  /** Releases reservations past their time; answers of how many tenants. Runs every few seconds. */
  expireReservations(): Promise<number> {
    return expireReservations(this.#deps);
  }

  /** Deletes closed reservations that nobody asks about any more; answers how many. */
  pruneReservations(): Promise<number> {
    return pruneReservations(this.#deps);
  }

  /** Makes the ledger's partitions of this month and the next, so that no call has to. */
  ensurePartitions(): Promise<void> {
    return ensurePartitions(this.#deps);
  }
}
