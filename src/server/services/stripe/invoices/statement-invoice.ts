import type { Stripe } from 'stripe';
import { periodEnd, periodStart, type Period } from '../../../../domain/period.ts';
import { APP_MARK } from '../customers.ts';
import { STEP_TIMEOUTS, SYNC_TIMEOUTS } from '../client/client.ts';
import { createOnce } from '../client/create-once.ts';
import { readInvoice, type InvoiceSnapshot } from '../snapshots/invoice-snapshot.ts';
import {
  createDraft,
  findItem,
  findMarkedInvoice,
  listMarks,
  madeSince,
} from './one-off-invoice.ts';
import { toUnixSeconds } from '../snapshots/schemas.ts';
import type { Terms } from './statement-terms.ts';

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
  /** With those that are carried in, each under its statement and number; none is less than nothing. */
  lines: {
    statementId: string;
    n: number;
    period: Period;
    amountMinor: number;
    description: string;
  }[];
}

/** The invoice of a statement, among those that were made since the closing. */
export function findStatementInvoice(
  stripe: Stripe,
  customerId: string,
  { id, closedAt }: Pick<InvoicedStatement, 'id' | 'closedAt'>,
): Promise<InvoiceSnapshot | undefined> {
  return findMarkedInvoice(stripe, customerId, { name: STATEMENT, value: id, since: closedAt });
}

/** An invoice, with what it says of the statement that it bills: null on any other. */
export type MarkedInvoice = InvoiceSnapshot & { statementId: string | null; sha256: string | null };

/** All invoices of the customer that were made since then; `rest` comes before each call. */
export async function listMarkedInvoices(
  stripe: Stripe,
  customerId: string,
  { since, rest }: { since: Date; rest: () => Promise<void> },
): Promise<MarkedInvoice[]> {
  const found: MarkedInvoice[] = [];
  const wanted = { customer: customerId, created: { gte: madeSince(since) }, limit: 100 };
  let after: { starting_after?: string } | undefined = {};
  while (after) {
    await rest();
    const page: Stripe.ApiList<Stripe.Invoice> = await stripe.invoices.list(
      { ...wanted, ...after },
      SYNC_TIMEOUTS,
    );
    for (const one of page.data) {
      const { [STATEMENT]: statementId = null, sha256 = null } = one.metadata ?? {};
      found.push({ ...readInvoice(one), statementId, sha256 });
    }
    const last = page.data.at(-1);
    after = page.has_more && last ? { starting_after: last.id } : undefined;
  }
  return found;
}

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
  return createDraft(stripe, params, {
    idempotencyKey: `statement:${id}:invoice`,
    find: () => findStatementInvoice(stripe, customerId, statement),
  });
}

/** Puts the lines on the draft that it does not have yet; those of nothing are left out. */
export async function addStatementLines(
  stripe: Stripe,
  draft: Pick<InvoiceSnapshot, 'id' | 'customerId' | 'isTaxAutomatic'>,
  statement: InvoicedStatement,
  { taxBehavior }: Pick<Terms, 'taxBehavior'>,
): Promise<void> {
  const { id: invoiceId, customerId, isTaxAutomatic } = draft;
  const there = await listMarks(stripe, invoiceId, LINE);
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
      ...(isTaxAutomatic && taxBehavior ? { tax_behavior: taxBehavior } : {}),
      metadata: { [STATEMENT]: statement.id, [LINE]: name },
    };
    await createOnce({
      idempotencyKey: `statement:${statement.id}:line:${name}`,
      create: (options) => stripe.invoiceItems.create(params, { ...STEP_TIMEOUTS, ...options }),
      find: () => findItem(stripe, invoiceId, { name: LINE, value: name }),
    });
  }
}
