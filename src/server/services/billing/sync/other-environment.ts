import type { DbOrTx } from '../../../../db/client.ts';
import { raiseAlert } from '../../../../db/repositories/operations/alert.repository.ts';

/** Tells the operator that another installation's objects reach us: nothing is done about them. */
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
