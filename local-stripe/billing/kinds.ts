import type Stripe from 'stripe';
import type { BillingSettingsRow } from './settings.ts';
import type { BilledRow, CardRow, LineRatesRow, PendingUpdateRow } from './rows.ts';

/** What a meter event means, read from its payload once. */
interface MeterEventFacts {
  id: string;
  meter: string;
  customer: string;
  value: number;
}

declare module '../kernel/kinds.ts' {
  interface Kinds {
    // Read alone: made from others when they are asked for.
    account: Stripe.Account;
    plan: Stripe.Plan;

    balance_transaction: Stripe.BalanceTransaction;
    'billing.meter': Stripe.Billing.Meter;
    'billing.meter_event': Stripe.Billing.MeterEvent & MeterEventFacts;
    charge: Stripe.Charge;
    coupon: Stripe.Coupon;
    credit_note: Stripe.CreditNote;
    customer: Stripe.Customer;
    customer_balance_transaction: Stripe.CustomerBalanceTransaction;
    discount: Stripe.Discount;
    dispute: Stripe.Dispute;
    'entitlements.active_entitlement': Stripe.Entitlements.ActiveEntitlement & { customer: string };
    'entitlements.feature': Stripe.Entitlements.Feature;
    invoice: Stripe.Invoice;
    invoice_payment: Stripe.InvoicePayment;
    invoiceitem: Stripe.InvoiceItem;
    payment_intent: Stripe.PaymentIntent;
    payment_method: Stripe.PaymentMethod;
    price: Stripe.Price;
    product: Stripe.Product;
    product_feature: Stripe.ProductFeature & { product: string };
    promotion_code: Stripe.PromotionCode;
    refund: Stripe.Refund;
    setup_intent: Stripe.SetupIntent;
    subscription: Stripe.Subscription;
    subscription_schedule: Stripe.SubscriptionSchedule;
    'radar.early_fraud_warning': Stripe.Radar.EarlyFraudWarning;
    tax_id: Stripe.TaxId;
    tax_rate: Stripe.TaxRate;
    'test_helpers.test_clock': Stripe.TestHelpers.TestClock;

    _billed: BilledRow;
    _billing_settings: BillingSettingsRow;
    _card: CardRow;
    _line_rates: LineRatesRow;
    _pending_update: PendingUpdateRow;
    _retired_coupon: Stripe.Coupon;
  }
}

declare module '../kernel/types.ts' {
  interface DomainEvents {
    /** `card`: the payment method it was paid with, or null. */
    'invoice.paid': { invoice: Stripe.Invoice; card: string | null };
    /** `isFinal`: Stripe makes no further attempt. */
    'invoice.failed': { invoice: Stripe.Invoice; isFinal: boolean };
    /** Voided, or marked as uncollectible. */
    'invoice.written_off': { invoice: Stripe.Invoice };
    /** Automatic tax was switched off, since nobody knows where the customer is. */
    'invoice.tax_disabled': { invoice: Stripe.Invoice };
    'invoice.overdue': { invoice: Stripe.Invoice };
    /** Its items or what it costs, by a call and not by its schedule. */
    'subscription.changed': { subscription: Stripe.Subscription };
    /** As it was before; `isDelinquent`: for want of payment. */
    'subscription.ended': { subscription: Stripe.Subscription; isDelinquent: boolean };
    /** A period is over, and the next is about to be billed. */
    'subscription.renewing': { subscription: Stripe.Subscription };
  }
}
