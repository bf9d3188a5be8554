import type { Tx } from '../../../../db/client.ts';
import {
  raiseAlert,
  resolveAlert,
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
