import type { Database } from '../../../../db/client.ts';
import { repeated } from '../../../../db/repeated.ts';
import { insertAllowance } from '../../../../db/repositories/usage/ledger/allowance.repository.ts';
import { placeCredits } from '../../../../db/repositories/usage/credits/place.ts';
import {
  ALLOWANCE_UNITS_MAX,
  limitWith,
  ROLLOVER_REF,
  type Allowance,
  type GivenKind,
} from '../../../../domain/billing/usage/allowance.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { isUuid, type Actor } from '../../../../domain/ids.ts';
import { periodOf, type Period } from '../../../../domain/period.ts';
import type { Limit, ResourceType } from '../../../../domain/quota.ts';
import type { Logger } from '../../../log.ts';
import { isKey, KEY_LENGTH_MAX } from '../calls/validation.ts';
import { orDatabaseUnavailable } from '../credits/or-database-unavailable.ts';
import type { LiveUsage } from '../live-usage.ts';
import { readAllowances, type QuotaDeps } from './month-quota.ts';
import { rollOverDue } from './roll-over.ts';

const REASON_LENGTH_MAX = 1_000;

export interface AllowanceRequest {
  tenantId: string;
  resourceType: ResourceType;
  /** Whole units, not 0; negative takes away. */
  units: number;
  /** The present month unless told; not one that is over. */
  period?: Period | undefined;
  kind: GivenKind;
  /** What for, as a ticket: once a tenant. */
  ref: string;
  actor: Actor;
  /** Why, in a sentence: it stays in the audit log. */
  reason: string;
}

/** A month's limit of a resource, before and after. */
export interface LimitChange {
  period: Period;
  before: Limit;
  after: Limit;
}

export type AllowanceDeps = QuotaDeps & {
  db: Database['db'];
  buckets: Database['buckets'];
  live: Pick<LiveUsage, 'changed'>;
  clock: Clock;
  log: Logger;
};

/**
 * Changes of one month's quota of a tenant, which people give or take. They stand in the limit that
 * admission reads, in whatever order plans and they change.
 */
export class AllowanceService {
  readonly #deps: AllowanceDeps;

  constructor(deps: AllowanceDeps) {
    this.#deps = deps;
  }

  /** What `add` would make of the limit, and what the ref has made already. Errors are its own. */
  async foresee(
    request: AllowanceRequest,
  ): Promise<{ made: Allowance | undefined; change: LimitChange }> {
    const period = this.#assert(request);
    const made = (await this.list(request.tenantId)).find(({ ref }) => ref === request.ref);
    const of = made ?? { ...request, period };
    const { limit, sum } = await this.#quotaOf(request.tenantId, of.resourceType, of.period);
    const before = limitWith(limit, sum);
    const after = made ? before : limitWith(limit, sum + request.units);
    return { made, change: { period: of.period, before, after } };
  }

  /**
   * Adds an allowance, from the next call on, with its entry of the audit log; the same ref answers the
   * first one, for ever, with `isNew` false. 400 for units, refs and reasons that cannot be and for a month
   * that is over, 404 `tenant_not_found`.
   */
  async add(
    request: AllowanceRequest,
  ): Promise<{ allowance: Allowance; isNew: boolean; change: LimitChange }> {
    const { db, buckets, live, clock } = this.#deps;
    const { tenantId } = request;
    const period = this.#assert(request);
    await this.#deps.entitlements.getPlan(tenantId);
    const made = { ...request, period, now: clock.now() };
    const { allowance, isNew } = await orDatabaseUnavailable(
      repeated(() =>
        db.transaction(async (tx) =>
          insertAllowance(await placeCredits(tx, buckets, tenantId), made),
        ),
      ),
    );
    live.changed(tenantId);
    const of = await this.#quotaOf(tenantId, allowance.resourceType, allowance.period);
    const after = limitWith(of.limit, of.sum);
    const before = isNew ? limitWith(of.limit, of.sum - request.units) : after;
    return { allowance, isNew, change: { period: allowance.period, before, after } };
  }

  /** Every allowance that a tenant ever had, what rolled over included, oldest first. */
  list(tenantId: string): Promise<(Allowance & { reason: string })[]> {
    return this.#deps.router.read(
      tenantId,
      (bucket) => bucket.allowances.list(tenantId),
      (found) => found.length === 0,
    );
  }

  /** Rolls over what months that are over left; see `rollOverDue`. */
  rollOver(signal?: AbortSignal): Promise<number> {
    return rollOverDue(this.#deps, signal);
  }

  /** What the plan gives of a month, and the sum of its allowances. */
  async #quotaOf(
    tenantId: string,
    resourceType: ResourceType,
    period: Period,
  ): Promise<{ limit: Limit; sum: number }> {
    const { router, entitlements } = this.#deps;
    const [plan, sums, counters] = await Promise.all([
      entitlements.getLimits(tenantId, period),
      readAllowances(this.#deps, tenantId, period),
      router.read(
        tenantId,
        (bucket) => bucket.getUsage(tenantId, period),
        (found) => found.length === 0,
      ),
    ]);
    const counter = counters.find((one) => one.resourceType === resourceType);
    const own = counter && counter.limit !== null ? counter.limit - counter.allowance : null;
    return { limit: counter ? own : plan[resourceType], sum: sums[resourceType] };
  }

  /** The month that it is for. */
  #assert({ tenantId, units, ref, reason, period }: AllowanceRequest): Period {
    if (!isUuid(tenantId)) {
      throw new BillingError('tenant_not_found', `There is no tenant "${tenantId}".`);
    }
    if (!Number.isInteger(units) || units === 0 || Math.abs(units) > ALLOWANCE_UNITS_MAX) {
      throw refused(
        `units must be a whole number other than 0, of at most ${ALLOWANCE_UNITS_MAX} either way.`,
      );
    }
    if (!isKey(ref)) throw refused(`ref must be text of 1 to ${KEY_LENGTH_MAX} characters.`);
    if (ref.startsWith(ROLLOVER_REF)) {
      throw refused(`A ref that begins with "${ROLLOVER_REF}" is of what rolls over.`);
    }
    if (reason.trim() === '' || reason.length > REASON_LENGTH_MAX || reason.includes('\0')) {
      throw refused(`An allowance needs a reason, of at most ${REASON_LENGTH_MAX} characters.`);
    }
    const current = periodOf(this.#deps.clock.now());
    if (period === undefined || period >= current) return period ?? current;
    throw new BillingError(
      'invalid_period',
      `The month ${period} is over: its quota is not changed any more.`,
    );
  }
}

const refused = (sentence: string) => new BillingError('invalid_request', sentence);
