import type { Tx } from '../../../db/client.ts';
import { raiseAlert, resolveAlert } from '../../../db/repositories/alert.repository.ts';
import type { Subscription } from '../../../db/schema/index.ts';
import { isLive } from '../../../domain/subscription-status.ts';
import type { Finding } from './map-subscription.ts';

const KINDS = ['unknown_status', 'unknown_price'] as const;

/** Raises what was found about a subscription, and closes what is no longer so. */
export async function raiseFindings(
  tx: Tx,
  tenantId: string,
  stripeSubscriptionId: string,
  findings: readonly Finding[],
  now: Date,
): Promise<void> {
  for (const kind of KINDS) {
    const finding = findings.find((one) => one.kind === kind);
    if (!finding) await resolveAlert(tx, kind, stripeSubscriptionId, now);
    else {
      const { message } = finding;
      const alert = { tenantId, kind, subjectId: stripeSubscriptionId, message, details: {} };
      await raiseAlert(tx, { ...alert, now });
    }
  }
}

/** A tenant with two live subscriptions pays twice: somebody must end and refund one. */
export async function raiseDuplicates(
  tx: Tx,
  tenantId: string,
  rows: readonly Subscription[],
  now: Date,
): Promise<void> {
  const kind = 'duplicate_subscription';
  const live = rows.filter((row) => isLive(row.stripeStatus));
  if (live.length < 2) return resolveAlert(tx, kind, tenantId, now);
  const subscriptions = live.map((row) => row.stripeSubscriptionId);
  const message = `The tenant has ${live.length} live subscriptions and is charged for each.`;
  await raiseAlert(tx, {
    tenantId,
    kind,
    subjectId: tenantId,
    message,
    details: { subscriptions },
    now,
  });
}
