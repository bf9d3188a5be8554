import type { Db } from '../../../db/client.ts';
import { listOperatorEntries } from '../../../db/repositories/operators/operator-log.repository.ts';
import { insertAuditEntry } from '../../../db/repositories/operations/audit-log.repository.ts';
import { refusalIn, type ActRefusal } from '../../../domain/accounts/operator-act.ts';
import type { OperatorLogPage } from '../../../domain/accounts/operator-view.ts';
import type { Clock } from '../../../domain/clock.ts';
import { BillingError } from '../../../domain/errors.ts';
import { errorText } from '../../log/error-text.ts';
import { actorOf, type OperatorIdentity } from './operator-identity.ts';
import { numberCursor } from './cursors.ts';

/** What an operator wants done, as the log names it. */
export interface OperatorAct {
  /** `credits_granted`, …: written as `operator.<name>`. */
  name: string;
  /** Why: every act has a reason of its own. */
  reason: string;
  /** The tenant's id, an event's, an alert's, … */
  subjectId: string;
}

/**
 * Writes what operators look at and do. It is no team's: an act that changes something of a team has an
 * entry there besides, by the service that changed it.
 */
export class OperatorLog {
  readonly #deps: { db: Db; clock: Clock };

  constructor(deps: { db: Db; clock: Clock }) {
    this.#deps = deps;
  }

  /** Notes a view: `address` is what was asked for. */
  viewed(operator: OperatorIdentity, address: string): Promise<void> {
    return this.#write(operator, {
      ...{ name: 'viewed', reason: operator.reason, subjectId: address },
    });
  }

  /** Does it, and notes what came of it, also when it was refused. */
  async carryOut<T>(
    operator: OperatorIdentity,
    act: OperatorAct,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      const done = await work();
      await this.#write(operator, act, done);
      return done;
    } catch (error) {
      await this.#write(operator, act, refusalOf(error));
      throw error;
    }
  }

  /** A page, the newest first. */
  async read(cursor: string | undefined, limit: number): Promise<OperatorLogPage> {
    const after = cursor === undefined ? undefined : numberCursor(cursor);
    const rows = await listOperatorEntries(this.#deps.db, { after, limit: limit + 1 });
    const page = rows.slice(0, limit);
    return {
      entries: page.map((row) => ({
        id: String(row.id),
        at: row.createdAt.toISOString(),
        by: row.actorId ?? '',
        action: row.action,
        subject: row.subjectId,
        reason: row.cause,
      })),
      nextCursor: rows.length > limit ? String(page.at(-1)!.id) : null,
    };
  }

  async #write(operator: OperatorIdentity, act: OperatorAct, after?: unknown): Promise<void> {
    const { name, reason, subjectId } = act;
    await insertAuditEntry(this.#deps.db, {
      ...{ tenantId: null, actor: actorOf(operator), action: `operator.${name}`, subjectId },
      ...{ after: after ?? null, cause: reason, requestId: operator.requestId },
      now: this.#deps.clock.now(),
    });
  }
}

/** What is kept of a refusal: the sentence, and which one it was where the page has words for it. */
function refusalOf(error: unknown): { refused: string; refusal?: ActRefusal } {
  const refusal = error instanceof BillingError ? refusalIn(error.data) : undefined;
  return { refused: errorText(error), ...(refusal === undefined ? {} : { refusal }) };
}
