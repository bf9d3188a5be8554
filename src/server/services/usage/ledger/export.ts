import type { Readable } from 'node:stream';
import { BillingError } from '../../../../domain/errors.ts';
import type { DaySpan, Member, MemberFilter } from '../../../../db/repositories/usage/export.ts';
import { monthsOf, type Period } from '../../../../domain/period.ts';
import type { MeteringDeps } from '../metering-deps.ts';

/**
 * The tenant's ledger of a month as CSV, as a stream, which holds a connection until it is read or
 * destroyed; with `only`, the entries of that person. 404 when the month was archived, which it is in
 * every bucket at once.
 */
export async function openExport(
  deps: MeteringDeps,
  tenantId: string,
  period: Period,
  only?: string,
): Promise<Readable> {
  await assertNotArchived(deps, period);
  const ledger = await deps.router.read(
    tenantId,
    (bucket) => bucket.streamLedger(tenantId, period, only),
    (found) => found === undefined,
  );
  return found(tenantId, ledger);
}

/** 404 when the month was archived. */
export async function assertNotArchived(
  { router }: Pick<MeteringDeps, 'router'>,
  period: Period,
): Promise<void> {
  if (!(await router.first.isArchived(period))) return;
  throw new BillingError(
    'not_found',
    `The ledger of ${period} has been archived: ask support for the file.`,
  );
}

/**
 * The tenant's usage of some days as people read it, as a stream like the ledger's. Of months that
 * were archived it has the days without member and model. With `only` one person's is told apart, and
 * that of all others put together.
 */
export async function openReport(
  { router }: MeteringDeps,
  tenantId: string,
  span: DaySpan,
  members: readonly Member[],
  only?: MemberFilter,
): Promise<Readable> {
  const archived: Period[] = [];
  for (const period of monthsOf(span.from, span.to)) {
    if (await router.first.isArchived(period)) archived.push(period);
  }
  return found(
    tenantId,
    await router.read(
      tenantId,
      (bucket) => bucket.streamReport(tenantId, span, members, archived, only),
      (file) => file === undefined,
    ),
  );
}

function found(tenantId: string, file: Readable | undefined): Readable {
  if (file !== undefined) return file;
  throw new BillingError('tenant_not_found', `There is no tenant ${tenantId}.`);
}
