import type Stripe from 'stripe';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { billingSettings } from '../settings.ts';
import { taxAmounts } from './amount.ts';
import { taxLocation } from './location.ts';
import type { TaxLocation } from './location.ts';
import { computedRate } from './rates.ts';
import { registrationAt, reverseChargeId } from './registrations.ts';

type Tax = Stripe.InvoiceLineItem.Tax;
type Reason = Tax['taxability_reason'];

/** What decides on the taxes of a bill. */
export interface TaxPolicy {
  exempt: Stripe.Customer.TaxExempt;
  /** Of lines without rates of their own. */
  defaults: readonly Stripe.TaxRate[];
  /** Stripe computes the tax: where the customer is (null while nobody knows), and their tax ids. */
  automatic: { location: TaxLocation | null; taxIds: readonly Stripe.TaxId[] } | null;
}

/** What is taxed. */
export interface Taxable {
  /** After discounts, in minor units; negative for credits. */
  amount: number;
  price: Stripe.Price | null;
  /** Rates of its own, which take the place of the defaults. */
  rates: readonly Stripe.TaxRate[];
}

/** The policy of a bill to that customer, whose card may say where they are. */
export function taxPolicy(
  ctx: Context,
  customer: Stripe.Customer,
  of: { defaults: readonly Stripe.TaxRate[]; isAutomatic: boolean; card?: string | null },
): TaxPolicy {
  const { defaults, isAutomatic, card = null } = of;
  const automatic = isAutomatic
    ? {
        location: taxLocation(ctx, customer, card),
        taxIds: ctx.store.by('tax_id', 'customer', customer.id),
      }
    : null;
  return { exempt: customer.tax_exempt ?? 'none', defaults, automatic };
}

/** The taxes on one line. Nothing is computed while the customer's location is not known. */
export function taxesOn(ctx: Context, policy: TaxPolicy, line: Taxable): Tax[] {
  if (policy.automatic !== null) {
    const { location } = policy.automatic;
    return location === null ? [] : [computed(ctx, policy, location, line)];
  }
  const rates = line.rates.length > 0 ? line.rates : policy.defaults;
  const exemption = exemptionOf(policy);
  if (exemption !== null) return rates.map((rate) => untaxed(rate, exemption));
  // Of rates by hand nobody knows why they apply.
  return taxAmounts(line.amount, rates).map((tax, i) => taxed(rates[i]!, tax, 'not_available'));
}

function exemptionOf({ exempt }: TaxPolicy): Reason | null {
  if (exempt === 'exempt') return 'customer_exempt';
  return exempt === 'reverse' ? 'reverse_charge' : null;
}

const notTaxable = 'txcd_00000000';

/** Automatic tax: the rate of the registration, or why there is none. */
function computed(ctx: Context, policy: TaxPolicy, at: TaxLocation, line: Taxable): Tax {
  const inclusive = line.price?.tax_behavior === 'inclusive';
  const registration = registrationAt(ctx, at);
  const reason = reasonOf(ctx, policy, at, line.price, registration !== null);
  if (registration === null || reason !== 'standard_rated') {
    const { country } = at;
    const tax = registration?.tax ?? (country === 'US' ? 'sales_tax' : 'vat');
    return untaxed(computedRate(ctx, { country, percentage: 0, tax }, inclusive), reason);
  }
  const rate = computedRate(ctx, registration, inclusive);
  return taxed(rate, taxAmounts(line.amount, [rate])[0]!, reason);
}

function reasonOf(
  ctx: Context,
  policy: TaxPolicy,
  { country }: TaxLocation,
  price: Stripe.Price | null,
  isRegistered: boolean,
): Reason {
  const exemption = exemptionOf(policy);
  if (exemption !== null) return exemption;
  const product = ctx.store.find('product', price === null ? '' : idOf(price.product));
  if (product?.tax_code === notTaxable) return 'not_subject_to_tax';
  if (!isRegistered) return 'not_collecting';
  return isReverseCharged(ctx, policy.automatic?.taxIds ?? [], country)
    ? 'reverse_charge'
    : 'standard_rated';
}

/** A business abroad that gave its tax id there accounts for the tax itself. */
function isReverseCharged(ctx: Context, taxIds: readonly Stripe.TaxId[], country: string): boolean {
  const type = reverseChargeId(country);
  if (type === null || country === billingSettings(ctx.store).tax.country) return false;
  return taxIds.some((taxId) => {
    return taxId.type === type && (type !== 'eu_vat' || taxId.country === country);
  });
}

function taxed(
  rate: Stripe.TaxRate,
  { amount, taxable }: { amount: number; taxable: number },
  taxability_reason: Reason,
): Tax {
  return {
    amount,
    tax_behavior: rate.inclusive ? 'inclusive' : 'exclusive',
    tax_rate_details: { tax_rate: rate.id },
    taxability_reason,
    taxable_amount: taxable,
    type: 'tax_rate_details',
  };
}

function untaxed(rate: Stripe.TaxRate, reason: Reason): Tax {
  return taxed(rate, { amount: 0, taxable: 0 }, reason);
}
