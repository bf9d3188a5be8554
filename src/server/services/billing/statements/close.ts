import type { Tx } from '../../../../db/client.ts';
import {
  findLastStatement,
  insertStatement,
  lockClosing,
  sumBilled,
  updateStatement,
} from '../../../../db/repositories/billing/statements/statement.repository.ts';
import {
  findBillingContact,
  findTenantById,
} from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import { resolveAlert } from '../../../../db/repositories/operations/alert.repository.ts';
import type { OverageSum } from '../../../../db/repositories/usage/credits/unbilled.ts';
import type { Statement } from '../../../../db/schema/index.ts';
import {
  inOrder,
  lineKey,
  lineOf,
  type DetailedLine,
} from '../../../../domain/billing/statement.ts';
import { stateAtClosing } from '../../../../domain/billing/usage/closing.ts';
import { periodOf, type Period } from '../../../../domain/period.ts';
import { describeLine } from './line-words.ts';
import { PROOF_FORMAT } from './proof.ts';
import { hashRows } from './rows.ts';
import { readRun } from './runs.ts';
import { auditState } from './notify-of-change.ts';
import { CREDIT_ALERT, raiseCreditAlert } from './raise-credit-alert.ts';
import type { ClosingDeps } from './statement-deps.ts';

/**
 * Why one is closed; of a month which, and only when there is something of it, or of one before. `isAhead`: of
 * an end that may not come about, so that what is too little waits for it as it does for any other statement.
 */
export type Due =
  | { kind: 'threshold' | 'late' }
  | { kind: 'final'; isAhead?: true }
  | { kind: 'month'; period: Period };

/**
 * Closes what a tenant drew since its last statement; `undefined` when none of it is overage. The main
 * tables are first: what is billed stands there, and nothing is written in the bucket. The account is
 * told afterwards, by whoever brings the statement to Stripe. Movements are numbered without gaps under
 * the account's lock and never change, so that one closing after the other reads each exactly once.
 */
export function closeStatement(
  deps: ClosingDeps,
  tenantId: string,
  due: Due,
): Promise<Statement | undefined> {
  return deps.db.transaction(async (tx) => {
    await lockClosing(tx, tenantId);
    const last = await findLastStatement(tx, tenantId);
    const found = await readRun(deps, tx, tenantId, (last?.seqTo ?? 0) + 1);
    const isEnd = due.kind === 'late' || (due.kind === 'final' && !due.isAhead);
    if (!found || !isDue(due, found.sums)) {
      // Nothing comes that it could be collected with.
      if (isEnd && last?.state === 'carried') await writeOff(deps, tx, last);
      return undefined;
    }
    const { sums, from, to, isOfUncollected } = found;
    const currency = sums[0]!.currency;
    const lines = await priceLines(tx, { tenantId, currency }, sums);
    const format = PROOF_FORMAT;
    const previousSha256 = last?.sha256 ?? '';
    const sha256 = await hashRows(deps, tenantId, { from, to, format }, previousSha256);
    const isCarried = last?.state === 'carried' && last.currency === currency && !isOfUncollected;
    if (last?.state === 'carried' && !isCarried) await writeOff(deps, tx, last);
    const now = deps.clock.now();
    // What it owed the customer is taken off this one.
    if (isCarried) await resolveAlert(tx, CREDIT_ALERT, last.id, now);
    const amountMinor = lines.reduce((sum, line) => sum + line.amountMinor, 0);
    const carriedInMinor = isCarried ? last.amountMinor + last.carriedInMinor : 0;
    const total = { amountMinor: amountMinor + carriedInMinor, currency };
    const state = isOfUncollected ? 'written_off' : stateAtClosing(total, { isEnd });
    const statement = await insertStatement(
      tx,
      {
        ...{ tenantId, kind: due.kind, state, currency, amountMinor, carriedInMinor },
        period: due.kind === 'month' ? due.period : periodOf(now),
        ...{
          seqFrom: from,
          seqTo: to,
          rows: to - from + 1,
          sha256,
          previousSha256,
          proofFormat: format,
        },
        micro: lines.reduce((sum, { micro }) => sum + micro, 0),
        stripeCustomerId: (await findTenantById(tx, tenantId))?.stripeCustomerId ?? null,
        ...{ closedAt: now, lookAt: now, settledAt: state === 'written_off' ? now : null },
      },
      await inWords(tx, tenantId, lines),
    );
    if (state === 'written_off') await auditState(tx, { before: null, after: statement, now });
    if (state === 'written_off' && !isOfUncollected) await raiseCreditAlert(tx, statement, now);
    return statement;
  });
}

/** Closes run after run, where what is due is more than one. */
export async function closeRuns(
  deps: ClosingDeps,
  tenantId: string,
  due: Due,
): Promise<Statement[]> {
  const closed: Statement[] = [];
  for (;;) {
    const next = await closeStatement(deps, tenantId, due);
    if (!next) return closed;
    closed.push(next);
  }
}

function isDue(due: Due, sums: readonly OverageSum[]): boolean {
  if (due.kind !== 'month') return sums.length > 0;
  return sums.some(({ period }) => period <= due.period);
}

async function priceLines(
  tx: Tx,
  account: { tenantId: string; currency: string },
  sums: readonly OverageSum[],
): Promise<DetailedLine[]> {
  const periods = [...new Set(sums.map(({ period }) => period))];
  const billed = await sumBilled(tx, { ...account, periods });
  const before = new Map(billed.map((one) => [lineKey(one), one.micro]));
  return inOrder(sums).map(({ currency: _currency, firstSeq: _seq, ...drawn }) =>
    lineOf(drawn, before.get(lineKey(drawn)) ?? 0),
  );
}

/** As they stand on the invoice, in the language that bills are read in now. */
async function inWords(tx: Tx, tenantId: string, lines: readonly DetailedLine[]) {
  const locale = (await findBillingContact(tx, tenantId))?.locale ?? 'zh-CN';
  return lines.map((line) => ({ ...line, description: describeLine(line, locale) }));
}

/** What is carried where nothing more is billed is too little to be asked for. */
async function writeOff(deps: ClosingDeps, tx: Tx, carried: Statement): Promise<void> {
  const now = deps.clock.now();
  const values = { state: 'written_off', settledAt: now, lookAt: now } as const;
  const after = await updateStatement(tx, carried.id, values);
  await auditState(tx, { before: carried.state, after, now });
  await raiseCreditAlert(tx, after, now);
}
