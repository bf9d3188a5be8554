import { setTimeout } from 'node:timers/promises';
import { BillingError } from '../../domain/errors.ts';
import type { TenantId } from '../../domain/ids.ts';
import type { ResourceType } from '../../domain/quota.ts';
import type { Logger } from '../log.ts';
import type { UsageService } from './usage.service.ts';

/** How long a hold outlives a process that died: longer than any call takes. */
const HOLD_TTL_SECONDS = 15 * 60;

/** Pauses before a settlement that the database did not take is tried again. */
const RETRY_AFTER_SECONDS = [1, 2, 4, 8, 16, 32];

interface Hold {
  resourceType: ResourceType;
  amount: number;
  reservationId: string;
}

export interface RequestMeterDeps {
  usage: Pick<UsageService, 'reserve' | 'settle' | 'release'>;
  log: Logger;
  tenantId: TenantId;
}

/**
 * The holds of one request: reserved before the work, then either settled by what was really used
 * or released. Only the first of the two counts, so that whoever ends the request may say so again.
 */
export class RequestMeter {
  private readonly deps: RequestMeterDeps;
  private readonly holds: Hold[] = [];
  private state: 'open' | 'handed_over' | 'closed' = 'open';

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
      metadata,
    });
    this.holds.push({ resourceType, amount, reservationId });
  }

  /** The answer goes on after the handler has returned: whoever writes it settles. */
  handOver(): void {
    if (this.state === 'open') this.state = 'handed_over';
  }

  get handedOver(): boolean {
    return this.state === 'handed_over';
  }

  /**
   * Records what was used of each hold, its whole amount unless `used` says otherwise. Usage
   * beyond the hold is recorded in full; `metadata` replaces that of the hold. When the database is away it tries again in the
   * background for a minute, for the work is done and must be counted.
   */
  async settle(
    used: Partial<Record<ResourceType, number>> = {},
    metadata?: Record<string, unknown>,
  ): Promise<void> {
    await this.close(async (hold) => {
      const { usage, tenantId } = this.deps;
      const amount = used[hold.resourceType] ?? hold.amount;
      await usage.settle({ tenantId, reservationId: hold.reservationId, amount, metadata });
    });
  }

  /** Gives every hold back: nothing was used. */
  async release(): Promise<void> {
    await this.close(async ({ reservationId }) => {
      const { usage, tenantId } = this.deps;
      await usage.release({ tenantId, reservationId });
    });
  }

  private async close(end: (hold: Hold) => Promise<void>): Promise<void> {
    if (this.state === 'closed') return;
    this.state = 'closed';
    await Promise.all(
      this.holds.map((hold) =>
        end(hold).catch((err: unknown) => {
          this.deps.log.warn({ err, ...hold }, 'a hold could not be closed; trying again');
          void this.retry(hold, end);
        }),
      ),
    );
  }

  private async retry(hold: Hold, end: (hold: Hold) => Promise<void>): Promise<void> {
    for (const seconds of RETRY_AFTER_SECONDS) {
      await setTimeout(seconds * 1000, undefined, { ref: false });
      try {
        return await end(hold);
      } catch (err) {
        if (err instanceof BillingError && err.status < 500) break;
      }
    }
    this.deps.log.error({ ...hold }, 'a hold was never closed; it will expire');
  }
}
