import type { Readable } from 'node:stream';
import {
  findListed,
  findStatement,
  listLines,
  listStatements,
  updateStatement,
  type ListedStatement,
} from '../../../db/repositories/billing/statements/statement.repository.ts';
import { listDueStatements } from '../../../db/repositories/billing/statements/statement-looks.repository.ts';
import { raiseAlert } from '../../../db/repositories/operations/alert.repository.ts';
import type { Statement } from '../../../db/schema/index.ts';
import type { StatementDetailView, StatementView } from '../../../domain/billing/statement.ts';
import { madeOf } from '../operations/made-of.ts';
import { BillingError } from '../../../domain/errors.ts';
import { isUuid } from '../../../domain/ids.ts';
import type { Jobs } from '../../jobs.ts';
import { withinRequestTime } from '../stripe/client/request-time.ts';
import type { Requester } from './requester.ts';
import { nextLookRetry } from './reconcile/look-retry.ts';
import { closeRuns, closeStatement, type Due } from './statements/close.ts';
import { closeDue } from './statements/close-due.ts';
import {
  getStatement,
  judgeStatement,
  operateStatement,
  type OperatedStatement,
  type StatementInput,
} from './statements/operate.ts';
import { proofStart } from './statements/proof.ts';
import { openRows } from './statements/rows.ts';
import type { StatementDeps } from './statements/statement-deps.ts';
import { syncStatement } from './statements/sync-statement.ts';
import { verifyStatements, type StatementDifference } from './statements/verify-statements.ts';
import { headOf, viewDetail, viewStatement } from './statements/view.ts';
import { STATEMENT_QUEUE } from './sync/queues.ts';

const LISTED_MAX = 100;
const SWEPT_MAX = 500;
/** Of the time of a request that deletes a team: most of it is the deletion's. */
const FINAL_LOOK_MS = 5_000;

/** Bills of use beyond quota and credits. Who asks was authorised before; ids are its tenant's. */
export class StatementService {
  readonly #deps: StatementDeps;

  constructor(deps: StatementDeps) {
    this.#deps = deps;
  }

  /** Registers the worker; before the jobs start. */
  registerWorker(jobs: Pick<Jobs, 'work'>): void {
    const work = ({ statementId }: { statementId: string }) => this.#look(statementId);
    jobs.work(STATEMENT_QUEUE, work, { policy: 'short', retryLimit: 0 });
  }

  /** Closes every statement that is due; answers how many. */
  closeDue(signal?: AbortSignal): Promise<number> {
    return closeDue(this.#deps, signal);
  }

  /** Closes one tenant's now; `undefined` when nothing is to be billed. */
  close(tenantId: string, due: Due): Promise<Statement | undefined> {
    return closeStatement(this.#deps, tenantId, due);
  }

  /**
   * Closes and invoices what is left of a team that is about to be deleted, while it still has its
   * subscription and its card. A Stripe that is away is no hindrance: the sweep goes on from there. What is too
   * little to be invoiced is written off once the team is gone, and billed with the next where it stays.
   */
  async closeFinal(tenantId: string): Promise<void> {
    const closed = await closeRuns(this.#deps, tenantId, { kind: 'final', isAhead: true });
    if (closed.length === 0) return;
    await withinRequestTime(async () => {
      for (const { id } of closed) await this.#look(id);
    }, FINAL_LOOK_MS);
  }

  /** Invoices and looks at every statement that is due; answers how many. One that fails comes again later. */
  async sweep(signal?: AbortSignal): Promise<number> {
    const { db, clock } = this.#deps;
    const due = await listDueStatements(db, clock.now(), SWEPT_MAX);
    for (const id of due) {
      if (signal?.aborted) break;
      await this.#look(id);
    }
    return due.length;
  }

  /** Newest first. */
  async list({ tenantId }: Requester): Promise<StatementView[]> {
    return (await listStatements(this.#deps.db, tenantId, LISTED_MAX)).map(viewStatement);
  }

  /** With its lines; 404 `not_found` for any that is not the tenant's. */
  async get(requester: Requester, statementId: string): Promise<StatementDetailView> {
    const row = await this.#own(requester, statementId);
    return viewDetail(row, await listLines(this.#deps.db, row.id));
  }

  /** Looks at Stripe now: whether it is paid. */
  async sync(requester: Requester, statementId: string): Promise<StatementDetailView> {
    const { id } = await this.#own(requester, statementId);
    await syncStatement(this.#deps, id);
    return this.get(requester, id);
  }

  /** The proof as a file; a stream that holds a connection until it is read or destroyed. */
  async proof(requester: Requester, statementId: string): Promise<Readable> {
    const row = await this.#own(requester, statementId);
    const start = proofStart(headOf(row), await listLines(this.#deps.db, row.id));
    const rows = await openRows(this.#deps, row.tenantId, {
      ...{ from: row.seqFrom, to: row.seqTo, format: row.proofFormat },
    });
    return madeOf(rows, joined(start, rows));
  }

  /** Whosever it is, for an operator; 404 `not_found`. */
  find(statementId: string): Promise<Statement> {
    return getStatement(this.#deps, statementId);
  }

  /** Whether that can be done to it now, changing nothing; errors are those of `operate`. */
  judge(wish: Pick<StatementInput, 'statementId' | 'act'>): Promise<Statement> {
    return judgeStatement(this.#deps, wish);
  }

  /** Holds, releases or writes off, by an operator. 404 `not_found`, 409 `state_changed`. */
  operate(wish: StatementInput): Promise<OperatedStatement> {
    return operateStatement(this.#deps, wish);
  }

  /** Where statements do not agree with the movements that they cover, or with one another. */
  verify(): Promise<StatementDifference[]> {
    return verifyStatements(this.#deps);
  }

  /** Never rejects: what fails is tried again, later each time, and after some tries an operator is told. */
  async #look(statementId: string): Promise<void> {
    const { db, clock, log } = this.#deps;
    try {
      await syncStatement(this.#deps, statementId);
    } catch (error) {
      log.warn({ err: error, statementId }, 'a statement was put off');
      const row = await findStatement(db, statementId);
      if (!row) return;
      const now = clock.now();
      const { later, needsPerson } = nextLookRetry(error, row, now);
      await updateStatement(db, statementId, later);
      if (!needsPerson) return;
      await raiseAlert(db, {
        tenantId: row.tenantId,
        kind: 'statement_failing',
        subjectId: statementId,
        message: `A statement could not be brought up to date ${later.lookAttempts} times (${later.lastError}).`,
        details: { state: row.state, attempts: later.lookAttempts, error: later.lastError },
        now,
      });
    }
  }

  async #own({ tenantId }: Requester, statementId: string): Promise<ListedStatement> {
    const { db } = this.#deps;
    const row = isUuid(statementId)
      ? await findListed(db, tenantId, { id: statementId })
      : undefined;
    if (row) return row;
    throw new BillingError('not_found', 'This team has no such statement.');
  }
}

async function* joined(start: string, rows: Readable): AsyncGenerator<Buffer> {
  yield Buffer.from(start);
  for await (const piece of rows) yield piece as Buffer;
}
