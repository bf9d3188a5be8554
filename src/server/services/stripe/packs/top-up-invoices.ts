import { Stripe } from 'stripe';
import type { Installation } from '../checkout-settings.ts';
import { STEP_TIMEOUTS, SYNC_TIMEOUTS } from '../client/client.ts';
import { createOnce } from '../client/create-once.ts';
import { callStripe, isRefused } from '../client/errors.ts';
import { findCharge } from '../charges.ts';
import { APP_MARK } from '../customers.ts';
import { findInvoice, notesOf } from '../invoices/invoices.ts';
import {
  createDraft,
  finalizeInvoice,
  findItem,
  findMarkedInvoice,
  giveUpInvoice,
  listMarks,
} from '../invoices/one-off-invoice.ts';
import type { InvoiceSnapshot } from '../snapshots/invoice-snapshot.ts';
import { readingOf, type PurchaseReading } from './purchase-facts.ts';

/** In the metadata of a top-up's invoice and of its line. */
const PURCHASE = 'purchaseId';

/** A purchase that nobody is present at, as it is invoiced: the same whenever it is asked for. */
export interface InvoicedTopUp {
  id: string;
  tenantId: string;
  stripeCustomerId: string;
  packId: string;
  stripePriceId: string;
  currency: string;
  createdAt: Date;
}

/** What we ask of Stripe about invoices of top-ups; errors are those of `StripeService`. */
export class TopUpInvoices {
  readonly #stripe: Stripe;
  readonly #installation: Installation;

  constructor(stripe: Stripe, installation: Installation) {
    this.#stripe = stripe;
    this.#installation = installation;
  }

  /** By its id; `undefined` when it is gone: drafts can be deleted. */
  find(invoiceId: string): Promise<InvoiceSnapshot | undefined> {
    return callStripe(() => findInvoice(this.#stripe, invoiceId, SYNC_TIMEOUTS));
  }

  /** The one that says that it is this purchase's. */
  async findOf(topUp: InvoicedTopUp) {
    const found = await callStripe(() => this.#look(topUp));
    return found && this.find(found.id);
  }

  /** Makes the draft, to be paid by that card; Stripe collects nothing of it by itself. */
  create(topUp: InvoicedTopUp, paymentMethodId: string): Promise<InvoiceSnapshot> {
    const { id, tenantId, stripeCustomerId, packId, currency } = topUp;
    const { environment, checkoutSettings } = this.#installation;
    const params: Stripe.InvoiceCreateParams = {
      customer: stripeCustomerId,
      currency,
      discounts: '',
      auto_advance: false,
      collection_method: 'charge_automatically',
      pending_invoice_items_behavior: 'exclude',
      default_payment_method: paymentMethodId,
      metadata: { app: APP_MARK, env: environment, tenantId, [PURCHASE]: id, packId },
      ...(checkoutSettings.automaticTax ? { automatic_tax: { enabled: true } } : {}),
    };
    return callStripe(() =>
      createDraft(this.#stripe, params, {
        idempotencyKey: `top-up:${id}:invoice`,
        find: () => this.#look(topUp),
      }),
    );
  }

  /** Puts the pack on the draft, once, and makes it final when it comes to that sum; else answers false. */
  async complete(topUp: InvoicedTopUp & { amountMinor: number }, invoiceId: string) {
    await this.#addLine(topUp, invoiceId);
    const whole = await this.find(invoiceId);
    const isRight =
      whole?.beforeTaxMinor === topUp.amountMinor && whole.currency === topUp.currency;
    if (!isRight) return false;
    const idempotencyKey = `top-up:${topUp.id}:finalize`;
    await callStripe(() =>
      finalizeInvoice(this.#stripe, invoiceId, { collects: false, idempotencyKey }),
    );
    return true;
  }

  /** Charges it while nobody is present. What the bank says stands in the invoice afterwards. */
  pay(topUpId: string, invoiceId: string): Promise<void> {
    return callStripe(async () => {
      const options = { ...STEP_TIMEOUTS, idempotencyKey: `top-up:${topUpId}:pay` };
      try {
        await this.#stripe.invoices.pay(invoiceId, { off_session: true }, options);
      } catch (error) {
        if (!isRefused(error) && !(error instanceof Stripe.errors.StripeCardError)) throw error;
      }
    });
  }

  /** Nobody is to pay it any more. */
  giveUp(invoice: Pick<InvoiceSnapshot, 'id' | 'status'>): Promise<void> {
    return callStripe(() => giveUpInvoice(this.#stripe, invoice));
  }

  /** What became of the money. */
  read(invoice: InvoiceSnapshot): Promise<PurchaseReading> {
    return callStripe(async () => {
      const { chargeId } = invoice;
      const found =
        invoice.status === 'paid' && chargeId
          ? await findCharge(this.#stripe, chargeId, SYNC_TIMEOUTS)
          : undefined;
      return readingOf(invoice, found, await notesOf(this.#stripe, invoice));
    });
  }

  #look({ id, stripeCustomerId, createdAt }: InvoicedTopUp) {
    const mark = { name: PURCHASE, value: id, since: createdAt };
    return findMarkedInvoice(this.#stripe, stripeCustomerId, mark);
  }

  async #addLine(topUp: InvoicedTopUp, invoiceId: string): Promise<void> {
    const { id, stripeCustomerId, stripePriceId } = topUp;
    const params: Stripe.InvoiceItemCreateParams = {
      customer: stripeCustomerId,
      invoice: invoiceId,
      pricing: { price: stripePriceId },
      quantity: 1,
      discountable: false,
      metadata: { [PURCHASE]: id },
    };
    await callStripe(async () => {
      if ((await listMarks(this.#stripe, invoiceId, PURCHASE)).has(id)) return;
      await createOnce({
        idempotencyKey: `top-up:${id}:line`,
        create: (options) =>
          this.#stripe.invoiceItems.create(params, { ...STEP_TIMEOUTS, ...options }),
        find: () => findItem(this.#stripe, invoiceId, { name: PURCHASE, value: id }),
      });
    });
  }
}
