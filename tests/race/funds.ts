import { setTimeout as inTime } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { TenantId, UserId } from '../../src/domain/ids.ts';
import type { UsageService } from '../../src/server/services/usage.service.ts';
import { inEveryBucket } from '../support/buckets.ts';
import { isAway } from './away.ts';

const by = { actor: { kind: 'service', name: 'test' }, reason: 'a test' } as const;
const OWNER = '00000000-0000-4000-8000-000000000001' as UserId;
/** What a credit costs on Team. */
export const CONSENT = { currency: 'cny', minorPerCredit: '11' } as const;
const GRANTED_MICRO = 300_000_000;
const RAISED_MINOR = 2_500;
/** More than all caps, and the most that there is: nothing is billed in the midst of it. */
const EXPOSURE_MINOR = 10_000_000;

/**
 * What pays beyond the quota, more of it as the calls go on, asked for until it is answered: credits that end
 * soon or late, are taken back in part and frozen for a moment, and caps of overage that are raised.
 */
export class Funds {
  /** Grants by ref: whose, and how many µcr. */
  readonly grants = new Map<string, { tenantId: string; micro: number }>();
  /** Caps of a month in force, or asked for, in minor units. */
  readonly caps = new Map<string, number>();
  readonly #usage: UsageService;
  readonly #granted: readonly TenantId[];
  readonly #billed: readonly TenantId[];

  /** `granted` have credits, `billed` overage; who is in both has both. */
  constructor(
    usage: UsageService,
    { granted, billed }: { granted: readonly TenantId[]; billed: readonly TenantId[] },
  ) {
    this.#usage = usage;
    this.#granted = granted;
    this.#billed = billed;
  }

  /** So that everybody has something. */
  async begin(): Promise<void> {
    for (let turn = 0; turn < this.#granted.length; turn += 1) await this.#grant(turn);
    for (let turn = 0; turn < this.#billed.length; turn += 1) {
      const tenantId = await this.#raise(turn);
      const trust = { tenantId, exposureMinor: EXPOSURE_MINOR, ...by };
      await answered(() => this.#usage.credits.setExposure(trust));
    }
  }

  /** One more grant, one higher cap; now and then a grant is changed. */
  async goOn(turn: number): Promise<void> {
    const tenantId = await this.#grant(turn);
    await this.#raise(turn);
    if (turn % 3 === 0) await this.#change(tenantId, turn);
  }

  async #grant(turn: number): Promise<TenantId> {
    const tenantId = this.#granted[turn % this.#granted.length]!;
    const originRef = `grant-${this.grants.size}`;
    this.grants.set(originRef, { tenantId, micro: GRANTED_MICRO });
    // Every fourth ends in the midst of it.
    const seconds = turn % 4 === 3 ? 3 : 86_400;
    const grant = { tenantId, origin: 'goodwill', originRef, ...by } as const;
    await answered(() => {
      const expiresAt = new Date(Date.now() + seconds * 1_000);
      return this.#usage.credits.grant({ ...grant, amountMicro: GRANTED_MICRO, expiresAt });
    });
    return tenantId;
  }

  async #raise(turn: number): Promise<TenantId> {
    const tenantId = this.#billed[turn % this.#billed.length]!;
    const capMinor = (this.caps.get(tenantId) ?? 0) + RAISED_MINOR;
    this.caps.set(tenantId, capMinor);
    const wish = { enabled: true, capMinor, consent: CONSENT };
    await answered(() =>
      this.#usage.credits.setLimits({ tenantId, userId: OWNER, role: 'owner' }, wish),
    );
    return tenantId;
  }

  async #change(tenantId: TenantId, turn: number): Promise<void> {
    const { credits } = this.#usage;
    const { grants } = await answered(() => credits.read(tenantId));
    const grant = grants[turn % Math.max(1, grants.length)];
    if (grant === undefined) return;
    const change = { tenantId, grantId: grant.id, ref: `change-${turn}`, ...by };
    await answered(() => credits.revoke({ ...change, micro: 7_000_001 }));
    await answered(() => credits.freeze(change));
    await answered(() => credits.unfreeze(change));
  }
}

/** What overage of a month costs more than its cap, in µcr by tenant; from the movements alone. */
export async function overshootOf(
  pool: Pool,
  caps: ReadonlyMap<string, number>,
): Promise<Map<string, number>> {
  const rows = await inEveryBucket<{ tenantId: string; micro: string }>(
    pool,
    `select tenant_id as "tenantId", sum(micro) as micro
     from u00.credit_draws where kind = 'overage' group by tenant_id, period`,
  );
  const over = new Map<string, number>();
  for (const { tenantId, micro } of rows) {
    const capMicro = ((caps.get(tenantId) ?? 0) * 1_000_000) / Number(CONSENT.minorPerCredit);
    if (Number(micro) > capMicro) over.set(tenantId, Number(micro) - capMicro);
  }
  return over;
}

async function answered<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isAway(error)) throw error;
      await inTime(50);
    }
  }
}
