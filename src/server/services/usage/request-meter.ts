import { setTimeout } from 'node:timers/promises';
import type { Rated } from '../../../domain/billing/usage/rate-card.ts';
import { BillingError } from '../../../domain/errors.ts';
import type { TenantId, UserId } from '../../../domain/ids.ts';
import type { ResourceType } from '../../../domain/quota.ts';
import type { Logger } from '../../log.ts';
import type { UsageService } from '../usage.service.ts';

/** How long a hold outlives a process that died, counted from what it wrote last. */
const HOLD_TTL_SECONDS = 15 * 60;

/** How long the end of an answer waits for its settlement before the client is told. */
const WRITTEN_WITHIN_MS = 8_000;

/** An answer that costs nothing need not wait for long until that is written. */
const RELEASED_WITHIN_MS = 1_000;

/** Units by resource; of what is left out, the whole hold. */
type Units = Partial<Record<ResourceType, number>>;

interface Hold {
  resourceType: ResourceType;
  amount: number;
  reservationId: string;
}

export interface RequestMeterDeps {
  usage: Pick<UsageService, 'reserve' | 'begin' | 'settle' | 'release' | 'untilWritten'>;
  log: Logger;
  tenantId: TenantId;
  /** Who asked, or made the key that did: in the ledger, and for limits of members. */
  userId: UserId;
}

/**
 * The holds of one request: reserved before the work, then either settled by what was really used
 * or released. Only the first of the two counts, so that whoever ends the request may say so again.
 * From `begin` on the work is owed: whatever becomes of this process, it will be counted.
 */
export class RequestMeter {
  private readonly deps: RequestMeterDeps;
  private readonly holds: Hold[] = [];
  private state: 'open' | 'handed_over' | 'closed' = 'open';
  private owed = false;

  constructor(deps: RequestMeterDeps) {
    this.deps = deps;
  }

  /**
   * 429 `quota_exceeded` when `amount` units do not fit. The period is that of now.
   * `metadata` goes into the ledger with what is used.
   */
  async reserve(
    resourceType: ResourceType,
    amount: number,
    metadata?: Record<string, unknown>,
  ): Promise<void> {
    const { usage, tenantId } = this.deps;
    const { reservationId } = await usage.reserve({
      tenantId,
      resourceType,
      amount,
      ttlSeconds: HOLD_TTL_SECONDS,
      metadata: this.noteOf(metadata),
    });
    this.holds.push({ resourceType, amount, reservationId });
  }

  /** Before the work leaves our hands: so much is owed from now on. 503 when it cannot be written. */
  async begin(owed: Units): Promise<void> {
    await Promise.all(this.holds.map((hold) => this.write(hold, owed)));
  }

  /** The work goes on: so much is owed by now, and the hold lives on. Lost when it cannot be written. */
  progress(owed: Units): void {
    if (this.state === 'closed') return;
    for (const hold of this.holds) {
      this.write(hold, owed, HOLD_TTL_SECONDS).catch((err: unknown) => {
        this.deps.log.debug({ err, ...hold }, 'progress was not written');
      });
    }
  }

  /** The answer goes on after the handler has returned: whoever writes it settles. */
  handOver(): void {
    if (this.state === 'open') this.state = 'handed_over';
  }

  /** Who asked. */
  get memberId(): UserId {
    return this.deps.userId;
  }

  get handedOver(): boolean {
    return this.state === 'handed_over';
  }

  /** Whether the holds were, or will be, recorded and not given back, whatever the request is answered. */
  get isOwed(): boolean {
    return this.owed;
  }

  /**
   * Records what was used of each hold. Usage beyond the hold is recorded in full; `metadata`
   * replaces that of the hold, and `rated` says how the tokens were weighed. Resolves when it is written; rejects with 503 when that takes long,
   * and goes on trying, for the work is done and is owed.
   */
  async settle(used: Units = {}, metadata?: Record<string, unknown>, rated?: Rated): Promise<void> {
    this.owed ||= this.state !== 'closed';
    const written = this.close((hold) => this.settleOne(hold, used, metadata, rated));
    if (!(await isDoneWithin(written, WRITTEN_WITHIN_MS))) {
      throw new BillingError(
        'database_unavailable',
        'The answer is complete but not recorded yet; it counts as soon as the database is back.',
        { retryAfterSeconds: 5 },
      );
    }
  }

  /**
   * Records the whole of each hold, for an answer that has not left yet: where that fails, the holds
   * are given back and the error is the answer, so that nobody pays for what was not delivered.
   */
  async settleNow(): Promise<void> {
    if (this.state === 'closed') return;
    try {
      await Promise.all(this.holds.map((hold) => this.settleOne(hold, {})));
      this.state = 'closed';
      this.owed = true;
    } catch (error) {
      void this.release();
      throw error;
    }
  }

  /** Gives every hold back: nothing is owed. */
  async release(): Promise<void> {
    const { usage, tenantId } = this.deps;
    const released = this.close(({ reservationId }) => usage.release({ tenantId, reservationId }));
    await isDoneWithin(released, RELEASED_WITHIN_MS);
  }

  private noteOf(metadata: Record<string, unknown> | undefined) {
    return { ...metadata, userId: this.deps.userId };
  }

  private async settleOne(
    hold: Hold,
    used: Units,
    metadata?: Record<string, unknown>,
    rated?: Rated,
  ) {
    const { usage, tenantId } = this.deps;
    const { resourceType, reservationId } = hold;
    const amount = used[resourceType] ?? hold.amount;
    const note = metadata && this.noteOf(metadata);
    const weighed = resourceType === 'llm_tokens' ? rated : undefined;
    await usage.settle({ tenantId, reservationId, amount, metadata: note, rated: weighed });
  }

  private write(hold: Hold, owed: Units, ttlSeconds?: number): Promise<void> {
    const { resourceType, reservationId } = hold;
    const amount = owed[resourceType] ?? hold.amount;
    return this.deps.usage.begin({
      reservationId,
      amount,
      ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    });
  }

  private async close(end: (hold: Hold) => Promise<unknown>): Promise<void> {
    if (this.state === 'closed') return;
    this.state = 'closed';
    await Promise.all(
      this.holds.map((hold) => this.deps.usage.untilWritten(() => end(hold), { ...hold })),
    );
  }
}

/** False when `work` is not done in time or failed; it goes on all the same. */
async function isDoneWithin(work: Promise<void>, milliseconds: number): Promise<boolean> {
  const late = new AbortController();
  const done = work.then(
    () => true,
    () => false,
  );
  const timeout = setTimeout(milliseconds, false, { ref: false, signal: late.signal }).catch(
    () => false,
  );
  return Promise.race([done, timeout]).finally(() => late.abort());
}
