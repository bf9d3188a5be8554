import type Stripe from 'stripe';
import { idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import type { TaxTerms } from '../tax/checks.ts';
import { taxPolicy } from '../tax/line-taxes.ts';
import type { TaxPolicy } from '../tax/line-taxes.ts';
import { taxed } from './lines.ts';

/** How a new invoice is taxed: as was asked, else as its subscription is. */
export function taxTermsOf(facts: {
  tax?: TaxTerms;
  subscription: Stripe.Subscription | null;
  defaultPaymentMethod?: string | null;
}): TaxTerms & { card: string | null } {
  const { subscription } = facts;
  const card = facts.defaultPaymentMethod ?? idOrNull(subscription?.default_payment_method) ?? null;
  if (facts.tax !== undefined) return { ...facts.tax, card };
  return {
    defaults: subscription?.default_tax_rates ?? [],
    isAutomatic: subscription?.automatic_tax.enabled ?? false,
    card,
  };
}

/** The same of an invoice that is there. */
export function policyOf(
  ctx: Context,
  invoice: Stripe.Invoice,
  customer: Stripe.Customer,
): TaxPolicy {
  const id = idOrNull(invoice.parent?.subscription_details?.subscription);
  const subscription = id === null ? undefined : ctx.store.find('subscription', id);
  const own = idOrNull(invoice.default_payment_method);
  return taxPolicy(ctx, customer, {
    defaults: invoice.default_tax_rates,
    isAutomatic: invoice.automatic_tax.enabled,
    card: own ?? idOrNull(subscription?.default_payment_method) ?? null,
  });
}

export function automaticTaxOf({ automatic }: TaxPolicy): Stripe.Invoice.AutomaticTax {
  const isOn = automatic !== null;
  return {
    disabled_reason: null,
    enabled: isOn,
    liability: isOn ? { type: 'self' } : null,
    provider: isOn ? 'stripe' : null,
    status: isOn ? (automatic.location === null ? 'requires_location_inputs' : 'complete') : null,
  };
}

/**
 * The taxes of a draft that becomes final: computed once more, by what is true then. Where nobody
 * knows the customer's location automatic tax is switched off, and nothing is collected.
 */
export function finalTaxes(
  ctx: Context,
  draft: Stripe.Invoice,
  customer: Stripe.Customer,
): Pick<Stripe.Invoice, 'automatic_tax' | 'lines'> {
  const policy = policyOf(ctx, draft, customer);
  const data = taxed(ctx, draft.id, draft.lines.data, policy);
  const lines = { ...draft.lines, data };
  if (policy.automatic === null) return { automatic_tax: draft.automatic_tax, lines };
  const state = automaticTaxOf(policy);
  if (state.status === 'complete') return { automatic_tax: state, lines };
  const disabled_reason = 'finalization_requires_location_inputs' as const;
  return { automatic_tax: { ...state, enabled: false, disabled_reason }, lines };
}
