import type { Tx } from '../../../../db/client.ts';
import {
  findTenantByCustomer,
  findTenantById,
} from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import { SubscriptionRepository } from '../../../../db/repositories/subscription.repository.ts';
import type { Subscription, Tenant } from '../../../../db/schema/index.ts';
import { refusing, type ActRefusal } from '../../../../domain/accounts/operator-act.ts';
import {
  GRACE_EXTENSION_DAYS_MAX,
  graceEndsAt,
} from '../../../../domain/billing/subscription-access.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { Actor } from '../../../../domain/ids.ts';
import { queueMail } from '../../mail/queue-mail.ts';
import { withCustomer } from '../locks/customer-lock.ts';
import { applyEntitlement } from '../sync/entitlement.ts';
import type { SyncDeps } from '../sync/sync-deps.ts';
import { syncLocked } from '../sync/sync-customer.ts';

const DAY_MS = 24 * 3600_000;

export interface GraceInput {
  tenantId: string;
  /** First instant without access. */
  until: Date;
}

/** Whose grace that is, and when it ended, or would have. */
export interface GraceFound {
  row: Subscription & { pastDueSince: Date };
  endsAt: Date;
}

/**
 * What would be extended, by our rows. 409 `state_changed` when nothing is past due, or Stripe has given up
 * collecting; 400 `invalid_request` for an instant that is no later than grace ends by now, is more than 30
 * days away, or lies behind the end that Stripe has for the subscription.
 */
export async function judgeGrace(
  deps: Pick<SyncDeps, 'db' | 'clock' | 'graceDays'>,
  { tenantId, until }: GraceInput,
  tx?: Tx,
): Promise<GraceFound> {
  const rows = await new SubscriptionRepository(tx ?? deps.db).findByTenantId(tenantId);
  const row = rows.find(isOwing);
  if (!row) {
    throw new BillingError(
      'state_changed',
      'This team has no subscription that is past due. One that Stripe calls unpaid, or has ended, has no grace to extend.',
      refusing('nothing_past_due'),
    );
  }
  const now = deps.clock.now();
  const endsAt = graceEndsAt(row.pastDueSince, deps.graceDays, row);
  const max = new Date(now.getTime() + GRACE_EXTENSION_DAYS_MAX * DAY_MS);
  if (until <= endsAt || until <= now) {
    throw refused(
      'grace_not_later',
      `Grace lasts until ${endsAt.toISOString()}; name a later instant, and none past.`,
    );
  }
  if (until > max)
    throw refused('grace_too_far', `Grace goes ${GRACE_EXTENSION_DAYS_MAX} days from now at most.`);
  if (row.cancelAt && until > row.cancelAt) {
    throw refused(
      'grace_after_end',
      `The subscription ends on ${row.cancelAt.toISOString()} at Stripe.`,
    );
  }
  return { row, endsAt };
}

function isOwing(row: Subscription): row is Subscription & { pastDueSince: Date } {
  return row.stripeStatus === 'past_due' && row.pastDueSince !== null;
}

const refused = (why: ActRefusal, message: string) =>
  new BillingError('invalid_request', message, refusing(why));

/**
 * Moves the end of a tenant's grace to `until`, for the invoice that is unpaid now: after a look at Stripe,
 * so that who has paid is given nothing. The plan comes back where it was gone, and the owner is written to.
 * Errors are those of `judgeGrace`, and 503 `stripe_unavailable`.
 */
export async function extendGrace(
  deps: SyncDeps,
  wish: GraceInput & { actor: Actor; reason: string; requestId: string },
): Promise<GraceFound> {
  const tenant = await findTenantById(deps.db, wish.tenantId);
  const customerId = tenant?.stripeCustomerId;
  if (!customerId) return judgeGrace(deps, wish);
  const { actor, requestId } = wish;
  return withCustomer(deps, customerId, async (tx) => {
    await syncLocked(deps, tx, customerId, { actor, requestId });
    const found = await judgeGrace(deps, wish, tx);
    const synced = await findTenantByCustomer(tx, customerId);
    if (synced) await write(deps, tx, { tenant: synced, found, wish });
    return found;
  });
}

async function write(
  deps: SyncDeps,
  tx: Tx,
  values: {
    tenant: Tenant;
    found: GraceFound;
    wish: GraceInput & { actor: Actor; reason: string; requestId: string };
  },
): Promise<void> {
  const { tenant, found, wish } = values;
  const { until, actor, reason, requestId } = wish;
  const { row, endsAt } = found;
  const now = deps.clock.now();
  const repository = new SubscriptionRepository(tx);
  await repository.update(row.id, { graceUntil: until, graceFor: row.pastDueSince });
  await insertAuditEntry(tx, {
    ...{ tenantId: tenant.id, actor, action: 'subscription.grace_extended', requestId, now },
    subjectId: row.stripeSubscriptionId,
    before: { graceEndsAt: endsAt },
    after: { graceEndsAt: until },
    cause: reason,
  });
  await queueMail(tx, tenant.id, {
    kind: 'grace_extended',
    subjectId: `${row.stripeSubscriptionId}:${until.getTime() / 1000}`,
    attempt: 0,
    data: { plan: row.plan, until: until.toISOString() },
    now,
  });
  const rows = await repository.findByTenantId(tenant.id);
  const syncedAt = tenant.syncedAt ?? now;
  await applyEntitlement(deps, tx, { tenant, rows, trialStart: null, syncedAt, actor, requestId });
}
