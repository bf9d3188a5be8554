import type { Stripe } from 'stripe';
import type { StatementLine } from '../../../../domain/billing/statement.ts';
import { periodEnd, periodStart } from '../../../../domain/period.ts';
import { APP_MARK, createOnce } from '../customers.ts';
import { STEP_TIMEOUTS, SYNC_TIMEOUTS } from '../client/client.ts';
import { isRefused } from '../client/errors.ts';
import { readInvoice, type InvoiceSnapshot } from '../snapshots/invoice-snapshot.ts';
import { toUnixSeconds } from '../snapshots/schemas.ts';
import type { SubscriptionSnapshot } from '../snapshots/subscription-snapshot.ts';

/** In the metadata of a statement's invoice and of each of its lines. */
const STATEMENT = 'statementId';
const LINE = 'statementLine';

/** A statement as it is invoiced: the same whenever it is asked for. */
export interface InvoicedStatement {
  id: string;
  tenantId: string;
  currency: string;
  sha256: string;
  closedAt: Date;
  /** With those that are carried in; each of one statement, numbered. */
  lines: (StatementLine & { statementId: string; n: number; description: string })[];
}

/**
 * The invoice of a statement, found by its metadata among the customer's since the closing: a key that
 * aged out at Stripe makes no second one. Listed, because search lags behind.
 */
export async function findStatementInvoice(
  stripe: Stripe,
  customerId: string,
  { id, closedAt }: Pick<InvoicedStatement, 'id' | 'closedAt'>,
): Promise<InvoiceSnapshot | undefined> {
  // An hour before: the clocks are not the same.
  const created = { gte: toUnixSeconds(closedAt) - 3_600 };
  const pages = stripe.invoices.list({ customer: customerId, created, limit: 100 }, SYNC_TIMEOUTS);
  for await (const one of pages) {
    if (one.metadata?.[STATEMENT] === id) return readInvoice(one);
  }
  return undefined;
}

/** What a statement's invoice takes over from the subscription: how it is taxed, and its card. */
export type Terms = Pick<SubscriptionSnapshot, 'taxRateIds' | 'automaticTax'> & {
  paymentMethodId: string | null;
};

/** Makes the draft, which stays one until it is made final. The same statement makes one. */
export async function createStatementInvoice(
  stripe: Stripe,
  statement: InvoicedStatement,
  values: { environment: string; customerId: string; footer: string; terms: Terms },
): Promise<InvoiceSnapshot> {
  const { environment, customerId, footer, terms } = values;
  const { id, tenantId, currency, sha256 } = statement;
  const params: Stripe.InvoiceCreateParams = {
    customer: customerId,
    currency,
    discounts: '',
    auto_advance: false,
    collection_method: 'charge_automatically',
    pending_invoice_items_behavior: 'exclude',
    footer,
    metadata: { app: APP_MARK, env: environment, tenantId, [STATEMENT]: id, sha256 },
    ...(terms.paymentMethodId ? { default_payment_method: terms.paymentMethodId } : {}),
    ...(terms.automaticTax ? { automatic_tax: { enabled: true } } : {}),
    ...(terms.taxRateIds.length > 0 ? { default_tax_rates: [...terms.taxRateIds] } : {}),
  };
  const create = (options: { idempotencyKey: string }) =>
    stripe.invoices.create(params, { ...STEP_TIMEOUTS, ...options });
  return readInvoice(await createOnce(`statement:${id}:invoice`, create));
}

/** Puts the lines on the draft that it does not have yet; those of nothing are left out. */
export async function addStatementLines(
  stripe: Stripe,
  customerId: string,
  invoiceId: string,
  statement: InvoicedStatement,
): Promise<void> {
  const there = new Set<string>();
  const items = stripe.invoiceItems.list({ invoice: invoiceId, limit: 100 }, SYNC_TIMEOUTS);
  for await (const { metadata } of items) if (metadata?.[LINE]) there.add(metadata[LINE]);
  for (const line of statement.lines) {
    const name = `${line.statementId}:${line.n}`;
    if (line.amountMinor === 0 || there.has(name)) continue;
    const params: Stripe.InvoiceItemCreateParams = {
      customer: customerId,
      invoice: invoiceId,
      amount: line.amountMinor,
      currency: statement.currency,
      period: {
        start: toUnixSeconds(periodStart(line.period)),
        end: toUnixSeconds(periodEnd(line.period)),
      },
      description: line.description,
      discountable: false,
      metadata: { [STATEMENT]: statement.id, [LINE]: name },
    };
    await createOnce(`statement:${statement.id}:line:${name}`, (options) =>
      stripe.invoiceItems.create(params, { ...STEP_TIMEOUTS, ...options }),
    );
  }
}

/** Makes it final, to be collected. One that is so already stays as it is. */
export async function finalizeStatementInvoice(
  stripe: Stripe,
  invoiceId: string,
  statementId: string,
): Promise<void> {
  const options = { ...STEP_TIMEOUTS, idempotencyKey: `statement:${statementId}:finalize` };
  try {
    await stripe.invoices.finalizeInvoice(invoiceId, { auto_advance: true }, options);
  } catch (error) {
    if (!isRefused(error)) throw error;
    const { status } = await stripe.invoices.retrieve(invoiceId, {}, SYNC_TIMEOUTS);
    if (status === 'draft') throw error;
  }
}

/** So that nobody pays it any more: a draft is deleted. One that was paid in the meantime stays so. */
export async function giveUpStatementInvoice(
  stripe: Stripe,
  { id, status }: Pick<InvoiceSnapshot, 'id' | 'status'>,
): Promise<void> {
  try {
    if (status === 'draft') await stripe.invoices.del(id, {}, STEP_TIMEOUTS);
    else await stripe.invoices.voidInvoice(id, {}, STEP_TIMEOUTS);
  } catch (error) {
    if (!isRefused(error)) throw error;
    const after = await stripe.invoices.retrieve(id, {}, SYNC_TIMEOUTS);
    if (after.status === 'open' || after.status === status) throw error;
  }
}
