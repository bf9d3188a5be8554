import type Stripe from 'stripe';
import type { CheckoutRow } from '../checkout/row.ts';
import type { PortalRow } from '../portal/row.ts';
import type { BilledRow, PendingUpdateRow } from '../billing/rows.ts';
import type { CardRow } from '../billing/payment/behavior.ts';
import type { DeliveryRow, DueRow, EventRow, IdempotencyRow, SettingsRow } from './rows.ts';

/** What a meter event means, read from its payload once. */
interface MeterEventFacts {
  id: string;
  meter: string;
  customer: string;
  value: number;
}

/**
 * What the store holds: one entry a collection, typed as the SDK types the object, references
 * being ids. Entries with a leading underscore are our own records and never leave over the API.
 * Add a line here for every new collection.
 */
export interface Kinds {
  balance_transaction: Stripe.BalanceTransaction;
  'billing.meter': Stripe.Billing.Meter;
  'billing.meter_event': Stripe.Billing.MeterEvent & MeterEventFacts;
  'billing_portal.configuration': Stripe.BillingPortal.Configuration;
  'billing_portal.session': Stripe.BillingPortal.Session;
  charge: Stripe.Charge;
  'checkout.session': Stripe.Checkout.Session;
  coupon: Stripe.Coupon;
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
  tax_id: Stripe.TaxId;
  'test_helpers.test_clock': Stripe.TestHelpers.TestClock;
  webhook_endpoint: Stripe.WebhookEndpoint;

  _billed: BilledRow;
  _card: CardRow;
  _checkout: CheckoutRow;
  _deleted: { id: string; object: string; deleted: true };
  _delivery: DeliveryRow;
  _due: DueRow;
  _event: EventRow;
  _idempotency: IdempotencyRow;
  _retired_coupon: Stripe.Coupon;
  _pending_update: PendingUpdateRow;
  _portal: PortalRow;
  _settings: SettingsRow;
  _webhook_secret: { id: string; secret: string };
}

export type Kind = keyof Kinds;
