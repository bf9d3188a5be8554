import type {
  LedgerRow,
  ReversalRow,
} from '../../../../db/repositories/usage/corrections/reversal.repository.ts';
import type { UsageRepository } from '../../../../db/repositories/usage.repository.ts';
import {
  RowNotReversible,
  type ReversalRefusal,
  type Reversal,
} from '../../../../db/repositories/usage/corrections/rows.ts';
import { refusing } from '../../../../domain/accounts/operator-act.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { Actor } from '../../../../domain/ids.ts';
import type { MeteringDeps } from '../metering-deps.ts';
import { assertReason, assertTenant, refusingLess, writeCorrection } from './correct.ts';

export interface ReversalRequest {
  tenantId: string;
  /** The id of a row of the tenant's ledger. */
  row: string;
  /** Until then a grant that ended meanwhile has what comes back to it; else that lapses. */
  extendTo?: Date | undefined;
  actor: Actor;
  /** Why, in a sentence: it stays in the ledger. */
  reason: string;
}

/** A row that was taken back, or would be: the counter before and after, and what got what. */
export interface Reversed extends Pick<ReversalRow, 'quotaUnits' | 'sources'> {
  row: LedgerRow;
  before: number;
  after: number;
}

/**
 * Takes single rows of the ledger back, each once: what it drew goes back to the very grants it came from, and
 * what was billed of it is taken off the next statement.
 */
export class ReversalService {
  readonly #deps: Pick<MeteringDeps, 'router' | 'live' | 'clock' | 'entitlements'>;

  constructor(deps: Pick<MeteringDeps, 'router' | 'live' | 'clock' | 'entitlements'>) {
    this.#deps = deps;
  }

  /** What `reverse` would do; nothing of it is kept. Errors are its own. */
  async foresee(request: ReversalRequest): Promise<Reversed> {
    const { wanted, row } = await this.#wanted(request);
    const foreseen = await this.#refusing(
      wanted,
      row,
      refusingLess(this.#read(wanted.tenantId, ({ reversals }) => reversals.foresee(wanted))),
    );
    if (foreseen === undefined) throw noSuchRow(row.id);
    const { before, after, quotaUnits, sources } = foreseen;
    return { row, before, after, quotaUnits, sources };
  }

  /**
   * Takes a row back. 404 for one that is not the tenant's, or lies in an archive; 400 for one that is itself a
   * correction, that was taken back already, or that would leave less than nothing.
   */
  async reverse(request: ReversalRequest): Promise<Reversed> {
    const { wanted, row } = await this.#wanted(request);
    const after = await this.#refusing(wanted, row, writeCorrection(this.#deps, wanted));
    const { quotaUnits, sources } = (await this.#find(wanted.tenantId, row))!;
    return { row, before: after - wanted.amount, after, quotaUnits, sources };
  }

  async #wanted({ tenantId, row: id, ...request }: ReversalRequest) {
    const now = this.#deps.clock.now();
    assertReason(request.reason);
    await assertTenant(this.#deps, tenantId);
    if (request.extendTo !== undefined && request.extendTo <= now) {
      throw new BillingError(
        'invalid_request',
        'Credits cannot be extended to a time that is over: name a later one.',
        refusing('extend_not_later'),
      );
    }
    const row = await this.#read(tenantId, ({ reversals }) => reversals.findRow(tenantId, id));
    if (row === undefined) throw noSuchRow(id, await this.#listArchived(tenantId));
    const { period, resourceType, occurredAt } = row;
    const group = { tenantId, period, resourceType, occurredAt };
    const wanted: Reversal = { ...request, ...group, row: id, amount: -row.amount, now };
    return { wanted, row };
  }

  /** Says in a sentence why the bucket does not take the row back. */
  async #refusing<T>({ tenantId }: Reversal, row: LedgerRow, doing: Promise<T>): Promise<T> {
    try {
      return await doing;
    } catch (cause) {
      const refusal = refusalOf(cause);
      if (refusal === undefined) throw cause;
      if (refusal === 'unknown') throw noSuchRow(row.id, await this.#listArchived(tenantId));
      const by = refusal === 'reversed' ? await this.#find(tenantId, row) : undefined;
      throw refused(refusal, row.id, by, cause);
    }
  }

  #find(tenantId: string, row: LedgerRow) {
    return this.#read(tenantId, ({ reversals }) => reversals.find(tenantId, row));
  }

  #listArchived(tenantId: string) {
    return this.#read(tenantId, ({ reversals }) => reversals.listArchived(tenantId));
  }

  #read<T>(tenantId: string, ask: (bucket: UsageRepository) => Promise<T>): Promise<T> {
    return this.#deps.router.read(tenantId, ask, (found) => found === undefined);
  }
}

function refusalOf(thrown: unknown): ReversalRefusal | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if (error instanceof RowNotReversible) return error.refusal;
  }
  return undefined;
}

function noSuchRow(id: string, archived: readonly string[] = []): BillingError {
  const months = archived.join(', ');
  return archived.length === 0
    ? new BillingError(
        'not_found',
        `There is no row ${id} in this team’s ledger.`,
        refusing('no_such_row'),
      )
    : new BillingError(
        'not_found',
        `There is no row ${id} in this team’s ledger, of which ${months} is archived: a month comes back with npm run usage:archive -- MONTH --restore.`,
        refusing('row_archived'),
      );
}

function refused(
  refusal: Exclude<ReversalRefusal, 'unknown'>,
  id: string,
  by: ReversalRow | undefined,
  cause: unknown,
): BillingError {
  const told = (sentence: string, name: Parameters<typeof refusing>[0]) =>
    new BillingError('invalid_request', sentence, { ...refusing(name), cause });
  switch (refusal) {
    case 'correction':
      return told(
        `Row ${id} is itself a correction: correct by an amount what it took.`,
        'row_corrects',
      );
    case 'resettled':
      return told(
        `A late settlement has taken some of row ${id} back: correct by an amount what is left of it.`,
        'row_settled_again',
      );
    case 'reversed': {
      const when = by ? `, by row ${by.id} at ${by.createdAt.toISOString()} (${by.actor})` : '';
      return told(`Row ${id} was taken back already${when}.`, 'row_reversed');
    }
  }
}
