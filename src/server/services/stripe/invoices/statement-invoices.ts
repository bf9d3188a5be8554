import type { Stripe } from 'stripe';
import type { Environment } from '../../../config/env.ts';
import { STEP_TIMEOUTS, SYNC_TIMEOUTS } from '../client/client.ts';
import { callStripe, isRefused } from '../client/errors.ts';
import { findBilling, findCustomer, savedMethodOf } from '../customers.ts';
import { findInvoice } from './invoices.ts';
import { finalizeInvoice, giveUpInvoice } from './one-off-invoice.ts';
import type { InvoiceSnapshot } from '../snapshots/invoice-snapshot.ts';
import * as invoices from './statement-invoice.ts';
import { readTerms, type Terms } from './statement-terms.ts';

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

  /** All of the customer's since then, with what they say of statements; `rest` comes before each call. */
  listMarked(
    customerId: string,
    asked: { since: Date; rest: () => Promise<void> },
  ): Promise<invoices.MarkedInvoice[]> {
    return callStripe(() => invoices.listMarkedInvoices(this.#stripe, customerId, asked));
  }

  /** How a statement is taxed, and by what it is paid: as the customer's newest subscription is. */
  readTerms(customerId: string): Promise<Terms> {
    return callStripe(() => readTerms(this.#stripe, customerId));
  }

  /** Makes the draft. */
  create(
    customerId: string,
    statement: invoices.InvoicedStatement,
    { footer, terms }: { footer: string; terms: Terms },
  ): Promise<InvoiceSnapshot> {
    const values = { environment: this.#environment, customerId, footer, terms };
    return callStripe(() => invoices.createStatementInvoice(this.#stripe, statement, values));
  }

  /** Puts on the draft what it does not have of the statement's lines. */
  addLines(
    draft: InvoiceSnapshot,
    statement: invoices.InvoicedStatement,
    terms: Terms,
  ): Promise<void> {
    return callStripe(() => invoices.addStatementLines(this.#stripe, draft, statement, terms));
  }

  finalize(invoiceId: string, statementId: string): Promise<void> {
    const idempotencyKey = `statement:${statementId}:finalize`;
    return callStripe(() =>
      finalizeInvoice(this.#stripe, invoiceId, { collects: true, idempotencyKey }),
    );
  }

  /**
   * Has what failed charged by the card that is saved by now: the invoice names its own, which one that is
   * saved later does not take the place of by itself.
   */
  useSavedCard(customerId: string, invoiceId: string): Promise<void> {
    return callStripe(async () => {
      const billing = await findBilling(this.#stripe, customerId, SYNC_TIMEOUTS);
      const saved = billing ? savedMethodOf(billing) : null;
      const invoice = await findInvoice(this.#stripe, invoiceId, SYNC_TIMEOUTS);
      if (saved === null || invoice?.status !== 'open' || invoice.paymentMethodId === saved) return;
      const values = { default_payment_method: saved };
      try {
        await this.#stripe.invoices.update(invoiceId, values, STEP_TIMEOUTS);
      } catch (error) {
        // Paid, or the card is gone again: the next look finds how it stands.
        if (!isRefused(error)) throw error;
      }
    });
  }

  /** Whether nobody can be charged: Stripe does not have the customer, or no longer. */
  async isCustomerGone(customerId: string): Promise<boolean> {
    const customer = await callStripe(() => findCustomer(this.#stripe, customerId, SYNC_TIMEOUTS));
    return customer === undefined || customer.deleted;
  }

  /** Nobody is to pay it any more. */
  giveUp(invoice: Pick<InvoiceSnapshot, 'id' | 'status'>): Promise<void> {
    return callStripe(() => giveUpInvoice(this.#stripe, invoice));
  }
}
