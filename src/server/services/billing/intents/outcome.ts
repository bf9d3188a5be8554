import { inTransaction, type Tx } from '../../../../db/client.ts';
import {
  keepIntent,
  settleIntent,
} from '../../../../db/repositories/billing/billing-intent.repository.ts';
import type { BillingIntent, Tenant } from '../../../../db/schema/index.ts';
import type { SettledView } from '../../../../domain/api.ts';
import type { Settled } from '../../../../domain/billing/intent.ts';
import type { Plan } from '../../../../domain/plans.ts';
import type { PriceCatalogue } from '../../stripe/catalogue.ts';
import { isStripeUnavailable } from '../../stripe/client/errors.ts';
import type { SyncDeps } from '../sync/sync-deps.ts';
import { queueMail } from '../../mail/queue-mail.ts';

/** How long a page says what came of it. */
const SHOWN_MS = 24 * 3600_000;

type Deps = Pick<SyncDeps, 'db' | 'clock' | 'catalogue'>;

/**
 * Settles an intent outside the request that made it, and tells the customer: they were answered
 * that it is not known, or not at all.
 */
export async function settleAndNotify(
  { db, clock, catalogue }: Deps,
  tenant: Pick<Tenant, 'id'>,
  intent: BillingIntent,
  { state, error }: { state: Exclude<Settled, 'replaced'>; error?: string },
): Promise<void> {
  const now = clock.now();
  const foundOut = intent.state === 'open';
  const plan = foundOut ? await planOf(catalogue, intent) : null;
  await inTransaction(db, async (tx) => {
    await settleIntent(tx, intent.id, { state, foundOut, now, ...(error ? { error } : {}) });
    // A cancellation that went through has its acknowledgement.
    const acknowledged = intent.goal.kind === 'end' && state === 'done';
    if (foundOut && !acknowledged) await notify(tx, tenant.id, intent, state, plan, now);
  });
}

/** The same where the change now waits for the customer's payment. */
export async function keepWaiting(
  { db, clock, catalogue }: Deps,
  tenant: Pick<Tenant, 'id'>,
  intent: BillingIntent,
): Promise<void> {
  if (intent.state === 'waiting') return;
  const now = clock.now();
  const plan = await planOf(catalogue, intent);
  await inTransaction(db, async (tx) => {
    await keepIntent(tx, intent.id, { state: 'waiting', now });
    await notify(tx, tenant.id, intent, 'waiting', plan, now);
  });
}

function notify(
  tx: Tx,
  tenantId: string,
  { id, goal }: BillingIntent,
  outcome: 'done' | 'taken_back' | 'stuck' | 'waiting',
  plan: Plan | null,
  now: Date,
): Promise<void> {
  return queueMail(tx, tenantId, {
    kind: 'change_settled',
    subjectId: id,
    attempt: 0,
    data: { asked: goal.kind, outcome, plan },
    now,
  });
}

/** The plan that was asked for, where it is known: a Stripe that is away is no reason to say nothing. */
async function planOf(
  catalogue: Pick<PriceCatalogue, 'findPlanById'>,
  { goal }: Pick<BillingIntent, 'goal'>,
): Promise<Plan | null> {
  if (goal.kind !== 'change_now' && goal.kind !== 'change_later') return null;
  try {
    return (await catalogue.findPlanById(goal.priceId))?.plan ?? null;
  } catch (error) {
    if (!isStripeUnavailable(error)) throw error;
    return null;
  }
}

/** What a page says of the last thing that was asked for, for a day after it was found out. */
export async function viewSettled(
  catalogue: Pick<PriceCatalogue, 'findPlanById'>,
  intent: BillingIntent | undefined,
  now: Date,
): Promise<SettledView | null> {
  if (!intent?.foundOutAt || now.getTime() - intent.foundOutAt.getTime() > SHOWN_MS) return null;
  const { state: outcome, goal, foundOutAt } = intent;
  if (outcome !== 'done' && outcome !== 'taken_back' && outcome !== 'stuck') return null;
  const plan = await planOf(catalogue, intent);
  return { kind: goal.kind, outcome, plan, at: foundOutAt.toISOString() };
}
