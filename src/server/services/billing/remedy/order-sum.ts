import type { Tx } from '../../../../db/client.ts';
import { findInvoiceSubjects } from '../../../../db/repositories/billing/payments/invoice.repository.ts';
import { lockTenantBilling } from '../../../../db/repositories/billing/lock.repository.ts';
import { findPaymentNamed } from '../../../../db/repositories/billing/payments/payment.repository.ts';
import {
  findRemedy,
  hastenRemedy,
  insertRemedy,
  listOpenSums,
} from '../../../../db/repositories/billing/remedy.repository.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import type { Payment } from '../../../../db/schema/index.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { Actor } from '../../../../domain/ids.ts';
import { requestTimeLeft } from '../../stripe/client/request-time.ts';
import type { SyncDeps } from '../sync/sync-deps.ts';

/** What of an invoice an operator gives back. */
export interface SumInput {
  tenantId: string;
  /** Its number, or Stripe's id. */
  invoice: string;
  /** Minor units; all that is left unless told. */
  amountMinor?: number | undefined;
}

/** With what for, as a ticket: one ref of an invoice gives back once. */
export type SumOrder = SumInput & { ref: string; reason: string; actor: Actor; requestId?: string };

/** What was found before. Amounts in minor units of `currency`. */
export interface SumFound {
  payment: Payment;
  amountMinor: number;
  leftMinor: number;
  currency: string;
}

/**
 * What of the invoice would go back. 404 `not_found`, 409 `refund_elsewhere` for what packs and statements
 * are paid with, 409 `nothing_to_refund` for what is not paid, and for more than refunds and credit notes have
 * left at Stripe and is not on its way already.
 */
export async function judgeSum(deps: SyncDeps, wish: SumInput): Promise<SumFound> {
  const { db, stripe } = deps;
  const payment = await getInvoice(deps, wish);
  const invoiceId = payment.stripeInvoiceId;
  const about = (await findInvoiceSubjects(db, [payment])).get(invoiceId);
  if (about === 'pack' || about === 'statement') throw elsewhere(about);
  const reading = await stripe.refunds.read(invoiceId);
  const waiting = (await listOpenSums(db, invoiceId))
    .filter(({ id }) => !reading.sums.has(id))
    .reduce((sum, { details }) => sum + (details as SumDetails).amountMinor, 0);
  const leftMinor = Math.max(0, reading.leftMinor - waiting);
  const { amountMinor = leftMinor } = wish;
  const currency = reading.currency ?? payment.currency;
  if (amountMinor < 1 || amountMinor > leftMinor) throw tooMuch(leftMinor, currency);
  return { payment, amountMinor, leftMinor, currency };
}

async function getInvoice({ db }: SyncDeps, { tenantId, invoice }: SumInput): Promise<Payment> {
  const payment = await findPaymentNamed(db, tenantId, invoice);
  if (payment) return payment;
  throw new BillingError('not_found', `This team has no invoice ${invoice}.`);
}

/** In the row of a sum that goes back. */
export interface SumDetails {
  invoiceId: string;
  amountMinor: number;
  currency: string;
  reason: string;
}

/**
 * Stores the sum before Stripe is asked to give it back. `isNew` is false where the ref did before, whatever
 * the sum was: that one is then due again, if it was not carried out yet. Errors are those of `judgeSum`.
 */
export async function orderSum(
  deps: SyncDeps,
  order: SumOrder,
): Promise<{ subjectId: string; isNew: boolean }> {
  const { held, queue, clock } = deps;
  const { tenantId, ref } = order;
  const subjectId = `${(await getInvoice(deps, order)).stripeInvoiceId}:${ref}`;
  const store = () =>
    held.run(async (tx) => {
      await lockTenantBilling(tx, tenantId, requestTimeLeft());
      const before = await findRemedy(tx, { kind: 'refund_sum', subjectId });
      if (before) await hastenRemedy(tx, before.id, clock.now());
      else await insertSum(tx, order, await judgeSum(deps, order), clock.now());
      return { subjectId, isNew: !before };
    });
  return queue.run(tenantId, store, requestTimeLeft());
}

async function insertSum(tx: Tx, order: SumOrder, found: SumFound, now: Date): Promise<void> {
  const { tenantId, ref, reason, actor, requestId } = order;
  const { amountMinor, currency } = found;
  const invoiceId = found.payment.stripeInvoiceId;
  const details: SumDetails = { invoiceId, amountMinor, currency, reason };
  await insertRemedy(tx, {
    ...{ tenantId, kind: 'refund_sum', subjectId: `${invoiceId}:${ref}`, cause: 'operator' },
    ...{ state: 'open', details, now },
  });
  await insertAuditEntry(tx, {
    ...{ tenantId, actor, action: 'subscription.refund_requested', subjectId: invoiceId },
    ...{ after: { amountMinor, currency, ref }, cause: reason, requestId: requestId ?? null, now },
  });
}

function elsewhere(about: 'pack' | 'statement'): BillingError {
  return new BillingError(
    'refund_elsewhere',
    about === 'pack'
      ? 'This invoice is of a pack of credits: give that back (credits:refund), which takes its credits too.'
      : 'This invoice is of a statement: correct the usage, or give credits; a statement that is not paid yet can be written off (statement:write-off).',
    { data: { about } },
  );
}

function tooMuch(leftMinor: number, currency: string): BillingError {
  return new BillingError(
    'nothing_to_refund',
    leftMinor === 0
      ? 'Nothing of this invoice can be given back: no charge paid it, refunds and credit notes have given it back already, or the bank is questioned about it.'
      : `Of this invoice at most ${leftMinor} of the smallest unit can be given back, after what refunds and credit notes gave.`,
    { data: { leftMinor, currency } },
  );
}
