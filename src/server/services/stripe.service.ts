import type { Stripe } from 'stripe';
import type { Environment } from '../config/env.ts';
import { STEP_TIMEOUTS, SYNC_TIMEOUTS, type CallTimeouts } from './stripe/client/client.ts';
import { callStripe } from './stripe/client/errors.ts';
import { BillingDetailsCalls } from './stripe/billing-details.ts';
import * as cancellation from './stripe/cancellation.ts';
import * as charges from './stripe/charges.ts';
import * as changes from './stripe/changes.ts';
import * as checkout from './stripe/checkout.ts';
import * as customers from './stripe/customers.ts';
import * as invoices from './stripe/invoices/invoices.ts';
import * as renewal from './stripe/renewal.ts';
import * as schedules from './stripe/schedules.ts';
import { InvoiceRefunds } from './stripe/refunds.ts';
import * as packCheckout from './stripe/packs/pack-checkout.ts';
import * as purchases from './stripe/packs/purchase-facts.ts';
import { TopUpInvoices } from './stripe/packs/top-up-invoices.ts';
import type { Installation, StripeDeps } from './stripe/checkout-settings.ts';
import { listEventsSince } from './stripe/events.ts';
import { listSubscribers, type Subscriber } from './stripe/subscribers.ts';
import {
  readSubscription,
  SUBSCRIPTION_EXPAND,
  type SubscriptionSnapshot,
} from './stripe/snapshots/subscription-snapshot.ts';

/**
 * What we ask of Stripe, as a list. Answers are our snapshots, never Stripe's objects. Every call
 * throws 503 `stripe_unavailable` when Stripe is away and 402 `payment_required` when a card says
 * no; what Stripe finds wrong with the request is thrown as Stripe's own error (`isRefused`).
 */
export class StripeService {
  readonly #stripe: Stripe;
  readonly #portalConfiguration: string | undefined;
  readonly #installation: Installation;
  /** Written on what we make; what carries another one's is not ours. */
  readonly environment: Environment;

  readonly billingDetails: BillingDetailsCalls;
  readonly topUps: TopUpInvoices;
  readonly refunds: InvoiceRefunds;

  constructor({ stripe, portalConfiguration, environment, checkoutSettings }: StripeDeps) {
    this.environment = environment;
    this.billingDetails = new BillingDetailsCalls(stripe);
    this.#installation = { environment, checkoutSettings };
    this.topUps = new TopUpInvoices(stripe, this.#installation);
    this.refunds = new InvoiceRefunds(stripe);
    this.#stripe = stripe;
    this.#portalConfiguration = portalConfiguration;
  }

  /** Makes the tenant's customer, once; answers its id. */
  createCustomer(values: Omit<customers.NewCustomer, 'environment'>): Promise<string> {
    return callStripe(() =>
      customers.createCustomer(this.#stripe, { ...values, environment: this.environment }),
    );
  }

  setCustomerEmail(customerId: string, email: string): Promise<void> {
    return callStripe(() => customers.setCustomerEmail(this.#stripe, customerId, email));
  }

  findCustomer(customerId: string) {
    return callStripe(() => customers.findCustomer(this.#stripe, customerId, SYNC_TIMEOUTS));
  }

  createCheckoutSession(values: Omit<checkout.NewCheckout, keyof Installation>) {
    const wanted = { ...values, ...this.#installation };
    return callStripe(() => checkout.createCheckoutSession(this.#stripe, wanted));
  }

  listOpenCheckouts(customerId: string): Promise<checkout.CheckoutSnapshot[]> {
    return callStripe(() => checkout.listOpenCheckouts(this.#stripe, customerId));
  }

  findCheckout(sessionId: string): Promise<checkout.CheckoutSnapshot | undefined> {
    return callStripe(() => checkout.findCheckout(this.#stripe, sessionId));
  }

  /** Ends a session; answers `complete` when it was paid before that. */
  expireCheckout(sessionId: string): Promise<'complete' | 'expired'> {
    return callStripe(() => checkout.expireCheckout(this.#stripe, sessionId));
  }

  createPackCheckout(values: Omit<packCheckout.NewPackCheckout, keyof Installation>) {
    const wanted = { ...values, ...this.#installation };
    return callStripe(() => packCheckout.createPackCheckout(this.#stripe, wanted));
  }

  readPurchase(sessionId: string): Promise<purchases.PurchaseReading> {
    return callStripe(() => purchases.readPurchase(this.#stripe, sessionId, SYNC_TIMEOUTS));
  }

  refundPurchase(values: Omit<purchases.PurchaseRefund, 'environment'>): Promise<void> {
    const { environment } = this;
    return callStripe(() =>
      purchases.refundPurchase(this.#stripe, { ...values, environment }, STEP_TIMEOUTS),
    );
  }

  /** Answers the address of a short-lived portal session. */
  createPortalSession(values: {
    customerId: string;
    locale: string;
    returnUrl: string;
  }): Promise<string> {
    const configuration = this.#portalConfiguration;
    return callStripe(() =>
      checkout.createPortalSession(this.#stripe, { ...values, configuration }),
    );
  }

  getSubscription(subscriptionId: string): Promise<SubscriptionSnapshot> {
    return callStripe(async () =>
      readSubscription(
        await this.#stripe.subscriptions.retrieve(
          subscriptionId,
          { expand: SUBSCRIPTION_EXPAND },
          SYNC_TIMEOUTS,
        ),
      ),
    );
  }

  listSubscriptions(
    customerId: string,
    timeouts: CallTimeouts = SYNC_TIMEOUTS,
  ): Promise<SubscriptionSnapshot[]> {
    return callStripe(() => customers.listSubscriptions(this.#stripe, customerId, timeouts));
  }

  /** The customer and all its subscriptions as they are now; `undefined` when Stripe has no such customer. */
  findBilling(
    customerId: string,
    timeouts: CallTimeouts = SYNC_TIMEOUTS,
  ): Promise<customers.CustomerBilling | undefined> {
    return callStripe(() => customers.findBilling(this.#stripe, customerId, timeouts));
  }

  setEnd(values: Parameters<typeof cancellation.setEnd>[1]): Promise<void> {
    return callStripe(() => cancellation.setEnd(this.#stripe, values, STEP_TIMEOUTS));
  }

  /** Ends it now, without credit. */
  cancelSubscription(subscriptionId: string, comment: string | null = null): Promise<void> {
    const values = { subscriptionId, comment };
    return callStripe(() => cancellation.cancelNow(this.#stripe, values, STEP_TIMEOUTS));
  }

  clearEnd(values: Parameters<typeof cancellation.clearEnd>[1]): Promise<void> {
    return callStripe(() => cancellation.clearEnd(this.#stripe, values, STEP_TIMEOUTS));
  }

  /** Changes the price now; applied only once it is paid. The same key changes it once. */
  updateSubscription(change: changes.ImmediateChange, idempotencyKey: string): Promise<void> {
    const options = { ...STEP_TIMEOUTS, idempotencyKey };
    return callStripe(() => changes.applyChange(this.#stripe, change, options));
  }

  /** What the next invoice will take as things stand; `undefined` when none will come. */
  previewRenewal(subscription: SubscriptionSnapshot, timeouts: CallTimeouts = SYNC_TIMEOUTS) {
    return callStripe(() => renewal.previewRenewal(this.#stripe, subscription, timeouts));
  }

  /** What a whole period with `priceId` in the plan's place costs, everything else as it is. */
  previewPeriod(values: renewal.PeriodOf) {
    return callStripe(() => renewal.previewPeriod(this.#stripe, values));
  }

  previewChange(change: changes.ImmediateChange) {
    return callStripe(() => changes.previewChange(this.#stripe, change));
  }

  attachSchedule(subscriptionId: string): Promise<void> {
    return callStripe(() => schedules.attachSchedule(this.#stripe, subscriptionId, STEP_TIMEOUTS));
  }

  planChange(values: schedules.PlannedChange): Promise<void> {
    return callStripe(() => schedules.planChange(this.#stripe, values, STEP_TIMEOUTS));
  }

  endSchedule(values: Parameters<typeof schedules.endSchedule>[1]): Promise<void> {
    return callStripe(() => schedules.endSchedule(this.#stripe, values, STEP_TIMEOUTS));
  }

  releaseSchedule(values: Parameters<typeof schedules.releaseSchedule>[1]): Promise<void> {
    return callStripe(() => schedules.releaseSchedule(this.#stripe, values, STEP_TIMEOUTS));
  }

  findInvoice(invoiceId: string, timeouts: CallTimeouts = SYNC_TIMEOUTS) {
    return callStripe(() => invoices.findInvoice(this.#stripe, invoiceId, timeouts));
  }

  listInvoices(customerId: string, limit: number, timeouts: CallTimeouts = SYNC_TIMEOUTS) {
    return callStripe(() => invoices.listInvoices(this.#stripe, customerId, limit, timeouts));
  }

  /** What the customer owes; nothing for an unknown customer. */
  findOpenInvoices(customerId: string, timeouts: CallTimeouts = SYNC_TIMEOUTS) {
    return callStripe(() => invoices.findOpenInvoices(this.#stripe, customerId, timeouts));
  }

  voidInvoice(invoiceId: string): Promise<void> {
    return callStripe(() => invoices.voidInvoice(this.#stripe, invoiceId, STEP_TIMEOUTS));
  }

  /** The subscription's invoices that are paid, the newest hundred. */
  listPaidInvoices(subscriptionId: string) {
    return callStripe(() => invoices.listPaidInvoices(this.#stripe, subscriptionId, SYNC_TIMEOUTS));
  }

  /** The invoice's credit notes; those that were voided give nothing. */
  listCreditNotes(invoiceId: string) {
    return callStripe(() => invoices.listCreditNotes(this.#stripe, invoiceId, SYNC_TIMEOUTS));
  }

  findCharge(chargeId: string) {
    return callStripe(() => charges.findCharge(this.#stripe, chargeId, SYNC_TIMEOUTS));
  }

  /** The customer's newest charges, at most 100: which were refunded or disputed. */
  listCharges(customerId: string) {
    return callStripe(() => charges.listCharges(this.#stripe, customerId, SYNC_TIMEOUTS));
  }

  /** Throws 503 `stripe_unavailable` when Stripe is away for everybody. */
  async assertReachable(): Promise<void> {
    await callStripe(() => this.#stripe.events.list({ limit: 1 }, SYNC_TIMEOUTS));
  }

  /** Marks a customer that another program made as the tenant's. */
  markCustomer(customerId: string, tenantId: string): Promise<void> {
    const { environment } = this;
    return callStripe(() =>
      customers.markCustomer(this.#stripe, { customerId, tenantId, environment }),
    );
  }

  /** Everybody of the account who ever subscribed. */
  listSubscribers(): Promise<Subscriber[]> {
    return callStripe(() => listSubscribers(this.#stripe, this.environment));
  }

  /** Events made at or after `since`, oldest first, of the types we handle. */
  listEventsSince(since: Date): Promise<Stripe.Event[]> {
    return callStripe(() => listEventsSince(this.#stripe, since));
  }
}
