import type { Db } from '../../../db/client.ts';
import { raiseAlert, resolveAlert } from '../../../db/repositories/operations/alert.repository.ts';
import type { VerificationAlert } from '../../../domain/alerts.ts';

/** What an alert names of what differs; the command prints all of it. */
const NAMED = 20;

/** What a verification compared, and what of it differs. */
export interface Compared {
  kind: VerificationAlert;
  /** What was compared; the alert is of it. */
  subjectId: string;
  found: readonly object[];
  /** Said of them before their number. */
  what: string;
}

/** Tells the operator of what differs, or that it does not any more. */
export async function tellDifferences(db: Db, compared: Compared, now: Date): Promise<void> {
  const { kind, subjectId, found, what } = compared;
  if (found.length === 0) return resolveAlert(db, kind, subjectId, now);
  await raiseAlert(db, {
    ...{ tenantId: null, kind, subjectId, now },
    message: `${what}: ${found.length}.`,
    details: { differences: found.slice(0, NAMED) },
  });
}
