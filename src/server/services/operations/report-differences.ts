import type { Db } from '../../../db/client.ts';
import { raiseAlert, resolveAlert } from '../../../db/repositories/operations/alert.repository.ts';
import type { VerificationAlert } from '../../../domain/alerts.ts';

/** How many differences an alert lists; the command prints all of them. */
const NAMED = 20;

/** What a verification compared, and what of it differs. */
export interface Compared {
  kind: VerificationAlert;
  /** What was compared; the alert is of it. */
  subjectId: string;
  found: readonly object[];
  /** How the alert's message begins; their number follows. */
  what: string;
}

/** Raises the operators' alert of what differs, or resolves it where nothing differs any more. */
export async function reportDifferences(db: Db, compared: Compared, now: Date): Promise<void> {
  const { kind, subjectId, found, what } = compared;
  if (found.length === 0) return resolveAlert(db, kind, subjectId, now);
  await raiseAlert(db, {
    ...{ tenantId: null, kind, subjectId, now },
    message: `${what}: ${found.length}.`,
    details: { differences: found.slice(0, NAMED) },
  });
}
