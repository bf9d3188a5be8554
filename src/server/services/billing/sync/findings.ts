import type { Tx } from '../../../../db/client.ts';
import {
  raiseAlert,
  resolveAlerts,
} from '../../../../db/repositories/operations/alert.repository.ts';
import type { Finding } from './map-subscription.ts';

const KINDS = ['unknown_status', 'unknown_price', 'collection_paused'] as const;

/** Raises an alert for each finding about a subscription, and resolves those that no longer hold. */
export async function raiseFindings(
  tx: Tx,
  tenantId: string,
  stripeSubscriptionId: string,
  findings: readonly Finding[],
  now: Date,
): Promise<void> {
  const found = new Set(findings.map(({ kind }) => kind));
  const over = KINDS.filter((kind) => !found.has(kind));
  if (over.length > 0) await resolveAlerts(tx, over, stripeSubscriptionId, now);
  for (const { kind, message, details } of findings) {
    const alert = { tenantId, kind, subjectId: stripeSubscriptionId, message, details };
    await raiseAlert(tx, { ...alert, now });
  }
}
