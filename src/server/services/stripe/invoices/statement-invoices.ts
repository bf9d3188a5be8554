import type { Stripe } from 'stripe';
import type { Environment } from '../../../config/env.ts';
import { SYNC_TIMEOUTS } from '../client/client.ts';
import { callStripe } from '../client/errors.ts';
import { listSubscriptions } from '../customers.ts';
import { findInvoice } from './invoices.ts';
import { finalizeInvoice, giveUpInvoice } from './one-off-invoice.ts';
import type { InvoiceSnapshot } from '../snapshots/invoice-snapshot.ts';
import * as invoices from './statement-invoice.ts';

/** What we ask of Stripe about invoices of statements; errors are those of `StripeService`. */
export class StatementInvoices {
  readonly #stripe: Stripe;
  readonly #environment: Environment;

  constructor(deps: { stripe: Stripe; environment: Environment }) {
    this.#stripe = deps.stripe;
    this.#environment = deps.environment;
  }

  /** By its id; `undefined` when it is gone: drafts can be deleted. */
  find(invoiceId: string): Promise<InvoiceSnapshot | undefined> {
    return callStripe(() => findInvoice(this.#stripe, invoiceId, SYNC_TIMEOUTS));
  }

  /** The one that says that it is the statement's. */
  findOf(
    customerId: string,
    statement: Pick<invoices.InvoicedStatement, 'id' | 'closedAt'>,
  ): Promise<InvoiceSnapshot | undefined> {
    return callStripe(() => invoices.findStatementInvoice(this.#stripe, customerId, statement));
  }

  /** Makes the draft, taxed and paid as the customer's newest subscription is. */
  create(
    customerId: string,
    statement: invoices.InvoicedStatement,
    footer: string,
  ): Promise<InvoiceSnapshot> {
    const environment = this.#environment;
    return callStripe(async () => {
      const terms = await this.#termsOf(customerId);
      const values = { environment, customerId, footer, terms };
      return invoices.createStatementInvoice(this.#stripe, statement, values);
    });
  }

  /** Puts on the draft what it does not have of the statement's lines. */
  addLines(
    customerId: string,
    invoiceId: string,
    statement: invoices.InvoicedStatement,
  ): Promise<void> {
    return callStripe(() =>
      invoices.addStatementLines(this.#stripe, customerId, invoiceId, statement),
    );
  }

  finalize(invoiceId: string, statementId: string): Promise<void> {
    const idempotencyKey = `statement:${statementId}:finalize`;
    return callStripe(() =>
      finalizeInvoice(this.#stripe, invoiceId, { collects: true, idempotencyKey }),
    );
  }

  /** Nobody is to pay it any more. */
  giveUp(invoice: Pick<InvoiceSnapshot, 'id' | 'status'>): Promise<void> {
    return callStripe(() => giveUpInvoice(this.#stripe, invoice));
  }

  async #termsOf(customerId: string): Promise<invoices.Terms> {
    const all = await listSubscriptions(this.#stripe, customerId, SYNC_TIMEOUTS);
    const newestFirst = all.toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
    const one = newestFirst.find(({ endedAt }) => endedAt === null) ?? newestFirst[0];
    return {
      taxRateIds: one?.taxRateIds ?? [],
      automaticTax: one?.automaticTax ?? false,
      paymentMethodId: one?.paymentMethod?.id ?? null,
    };
  }
}
