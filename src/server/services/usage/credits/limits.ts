import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import {
  agreeToOverage,
  readOverageTaken,
} from '../../../../db/repositories/usage/credits/overage.ts';
import { placeCredits } from '../../../../db/repositories/usage/credits/place.ts';
import type { Tx } from '../../../../db/client.ts';
import { repeated } from '../../../../db/repeated.ts';
import {
  CAP_ALERTS_PERCENT,
  CAP_MINOR_MAX,
  type CapAlert,
  type OverageLimits,
  type OveragePrice,
  type OverageView,
} from '../../../../domain/billing/overage.ts';
import { BillingError, type ErrorCode } from '../../../../domain/errors.ts';
import type { Role, TenantId, UserId } from '../../../../domain/ids.ts';
import type { Money } from '../../../../domain/money.ts';
import type { CreditDeps } from './credit-deps.ts';
import { orDatabaseUnavailable } from './or-database-unavailable.ts';
import { overageView, readOverageNow } from './overage-view.ts';

/** What an owner asks for. */
export interface LimitsInput {
  enabled: boolean;
  /** Minor units a month; what it was unless told, in the currency that it was in. */
  capMinor?: number;
  /** The price that the owner saw; needed to switch it on. */
  consent?: OveragePrice;
  /** What it was, or all, unless told. */
  alerts?: readonly CapAlert[];
}

/** Refuses a cap that may not be agreed to, in the transaction that writes it down. */
export type CapGuard = (tx: Tx, cap: Money) => Promise<void>;

type ReadDeps = Pick<CreditDeps, 'queues' | 'clock'>;

/** What may be used and be billed afterwards, and what is told of it. */
export async function readLimits(deps: ReadDeps, tenantId: string): Promise<OverageLimits> {
  const found = await readOverageNow(deps, tenantId);
  const alerts = found?.account?.alerts ?? CAP_ALERTS_PERCENT;
  return { overage: overageView(found), alerts: [...alerts] };
}

/**
 * Switches overage on, at the price that was shown and up to a cap a month, or off; from the next call on.
 * What is used stays used, whatever the cap. 422 `invalid_cap`, 409 `consent_stale` with the present price,
 * 409 `overage_not_offered`, 409 `overage_paused`, and what the guard refuses.
 */
export async function setLimits(
  deps: CreditDeps,
  by: { tenantId: TenantId; userId: UserId; role: Role; requestId?: string | undefined },
  wish: LimitsInput,
  guard?: CapGuard,
): Promise<OverageLimits> {
  const { tenantId, userId, role, requestId } = by;
  const { enabled, consent } = wish;
  const before = await readLimits(deps, tenantId);
  const isOther = consent !== undefined && consent.currency !== before.overage.currency;
  const capMinor = wish.capMinor ?? (enabled && isOther ? null : before.overage.capMinor);
  assertCap(capMinor, enabled);
  if (enabled && !consent) {
    throw new BillingError(
      'invalid_request',
      'Overage is switched on with the price that was shown.',
    );
  }
  const alerts = [...new Set(wish.alerts ?? before.alerts)].toSorted((a, b) => a - b);
  const now = deps.clock.now();
  const actor = { kind: 'user', userId, role } as const;
  const price = enabled ? consent! : null;
  const refused = await orDatabaseUnavailable(
    repeated(() =>
      deps.db.transaction(async (tx) => {
        if (price) await guard?.(tx, { amountMinor: capMinor!, currency: price.currency });
        const place = await placeCredits(tx, deps.buckets, tenantId);
        // Not told, it is what it is by now: somebody may have lowered it meanwhile.
        const told = wish.capMinor ?? null;
        const agreement = { tenantId, actor, enabled, capMinor: told, price, alerts, now };
        const answer = await agreeToOverage(place, agreement);
        if (answer !== null) return answer;
        const inForce = await readOverageTaken(place, { tenantId });
        const kept = { currency: before.overage.currency, ...price, alerts };
        const after = { enabled, capMinor: inForce.capMinor ?? capMinor, ...kept };
        const action = actionOf(before, after);
        if (action !== null) {
          await insertAuditEntry(tx, {
            ...{ tenantId, actor, now, requestId: requestId ?? null, action },
            ...{ before: written(before), after },
          });
        }
        return null;
      }),
    ),
  );
  if (refused !== null) throw refusal(refused, (await readLimits(deps, tenantId)).overage);
  deps.live.changed(tenantId);
  return readLimits(deps, tenantId);
}

const written = ({ overage, alerts }: OverageLimits) => ({
  enabled: overage.enabled,
  capMinor: overage.capMinor,
  currency: overage.currency,
  alerts,
});

/** What the log calls it; null where nothing became other than it was. An agreement is always written down. */
function actionOf(
  before: OverageLimits,
  after: { enabled: boolean; capMinor: number | null; alerts: readonly CapAlert[] },
) {
  if (after.enabled) return 'overage.agreed';
  if (before.overage.enabled) return 'overage.ended';
  const isSame =
    after.capMinor === before.overage.capMinor && after.alerts.join() === before.alerts.join();
  return isSame ? null : 'overage.wishes_changed';
}

function assertCap(capMinor: number | null, needed: boolean): void {
  if (capMinor === null && !needed) return;
  if (Number.isInteger(capMinor) && capMinor! >= 0 && capMinor! <= CAP_MINOR_MAX) return;
  throw new BillingError(
    'invalid_cap',
    `The cap takes a whole amount in the smallest unit of the currency, from 0 to ${CAP_MINOR_MAX.toLocaleString('en')}.`,
    { data: { capMinorMax: CAP_MINOR_MAX } },
  );
}

const SENTENCES = {
  not_offered: ['overage_not_offered', 'The plan does not sell overage; nothing was switched on.'],
  paused: [
    'overage_paused',
    'Overage can be switched on when the subscription is paid: not while it is tried or owed.',
  ],
  consent_stale: [
    'consent_stale',
    'Overage costs something else by now; look at the price again before you agree to it.',
  ],
} as const satisfies Record<string, readonly [ErrorCode, string]>;

function refusal(reason: keyof typeof SENTENCES, { price, paused }: OverageView): BillingError {
  const [code, sentence] = SENTENCES[reason];
  return new BillingError(code, sentence, { data: { price, paused } });
}
