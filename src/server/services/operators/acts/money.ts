import type { Db } from '../../../../db/client.ts';
import { findPurchase } from '../../../../db/repositories/billing/credit-purchase.repository.ts';
import type { Statement } from '../../../../db/schema/index.ts';
import { refusing } from '../../../../domain/accounts/operator-act.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { costOf } from '../../../../domain/billing/purchase.ts';
import type { PurchaseService } from '../../billing/purchase.service.ts';
import type { RemedyService } from '../../billing/remedy.service.ts';
import type { StatementService } from '../../billing/statement.service.ts';
import type { StatementAct } from '../../billing/statements/operate.ts';
import { actorOf } from '../operator-identity.ts';
import { fact, actResult, type Act } from './act.ts';

export interface MoneyDeps {
  db: Db;
  purchases: Pick<PurchaseService, 'refundByOperator'>;
  statements: Pick<StatementService, 'find' | 'judge' | 'operate'>;
  remedies: Pick<RemedyService, 'judgeSum' | 'refundSum'>;
}

/** Gives a purchase of credits back: what is unused of it, or a sum. 404, 409 `nothing_to_refund`, `nothing_charged`. */
export const refundPurchase: Act<
  MoneyDeps,
  { purchaseId: string; amountMinor?: number | undefined }
> = async (
  { db, purchases },
  { operator, tenantId, reason, dryRun },
  { purchaseId, amountMinor },
) => {
  const row = await findPurchase(db, purchaseId);
  if (row?.tenantId !== tenantId) {
    throw new BillingError(
      'not_found',
      'This team has made no such purchase.',
      refusing('no_such_purchase'),
    );
  }
  const { currency, state } = row;
  if (dryRun) {
    const refund =
      amountMinor === undefined
        ? fact.word('refund', 'unused')
        : fact.money('refund', { amountMinor, currency });
    return actResult(
      false,
      ...[fact.text('state', state), fact.money('paid', { amountMinor: costOf(row), currency })],
      ...[fact.money('refunded', { amountMinor: row.refundedMinor, currency }), refund],
    );
  }
  const done = await purchases.refundByOperator({
    ...{ purchaseId, reason, by: operator.email },
    ...(amountMinor === undefined ? {} : { amountMinor }),
  });
  const back = { amountMinor: done.refundMinor, currency };
  return actResult(
    true,
    fact.money('refund', back),
    fact.credits('credits', Math.round(done.revokedCredits * 1_000_000)),
  );
};

/**
 * Gives an invoice back, all that is left of it or a sum, once a `ref`; the subscription stays as it is.
 * Errors are those of `RemedyService.refundSum`.
 */
export const refundInvoice: Act<
  MoneyDeps,
  { invoice: string; amountMinor?: number | undefined; ref: string }
> = async ({ remedies }, on, { invoice, amountMinor, ref }) => {
  const { operator, tenantId, reason, dryRun } = on;
  const wish = { tenantId, invoice, amountMinor };
  if (dryRun) {
    const { payment, currency, ...found } = await remedies.judgeSum(wish);
    const money = (name: 'paid' | 'refunded' | 'refundable' | 'refund', sum: number) =>
      fact.money(name, { amountMinor: sum, currency });
    return actResult(
      false,
      ...[fact.text('invoice', payment.number), money('paid', payment.amountPaidMinor)],
      ...[money('refunded', payment.amountRefundedMinor), money('refundable', found.leftMinor)],
      ...[money('refund', found.amountMinor), fact.word('subscription', 'unchanged')],
    );
  }
  const { requestId } = operator;
  const order = { ...wish, ref, reason, actor: actorOf(operator), requestId };
  const done = await remedies.refundSum(order);
  return actResult(
    true,
    ...[fact.money('refund', done), fact.word('subscription', 'unchanged')],
    ...(done.isNew ? [] : [fact.text('repeated', ref)]),
  );
};

/** Holds, releases or writes off a statement. 404 `not_found`, 409 `state_changed`. */
export const operateStatement: Act<MoneyDeps, { statementId: string; verb: StatementAct }> = async (
  { statements },
  { operator, tenantId, reason, dryRun },
  { statementId, verb },
) => {
  const known = await statements.find(statementId);
  if (known.tenantId !== tenantId) {
    throw new BillingError(
      'not_found',
      'This team has no such statement.',
      refusing('no_such_statement'),
    );
  }
  const asked = { statementId, act: verb };
  if (dryRun) return actResult(false, ...factsOf(await statements.judge(asked)));
  const after = await statements.operate({ ...asked, reason, by: operator.email });
  const waits = after.isWaiting ? [fact.word('outcome', 'once Stripe answers')] : [];
  return actResult(true, ...factsOf(after), ...waits);
};

function factsOf({ state, heldAt, amountMinor, carriedInMinor, currency }: Statement) {
  return [
    heldAt ? fact.word('state', 'held') : fact.text('state', state),
    fact.money('total', { amountMinor: amountMinor + carriedInMinor, currency }),
  ];
}
