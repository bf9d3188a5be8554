import type { DbOrTx } from '../../../../db/client.ts';
import { raiseAlert } from '../../../../db/repositories/operations/alert.repository.ts';

/** Raises an alert that an object of another installation reached us; it is left alone. */
export function alertOtherEnvironment(
  db: DbOrTx,
  { subjectId, what, now }: { subjectId: string; what: string; now: Date },
): Promise<void> {
  return raiseAlert(db, {
    tenantId: null,
    kind: 'other_environment',
    subjectId,
    message: `${what} of another environment or mode reached us and was left alone: a webhook endpoint, a key or a database is shared that should not be.`,
    details: {},
    now,
  });
}
