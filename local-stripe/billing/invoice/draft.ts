import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { mergeMetadata } from '../../kernel/metadata.ts';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { balanceIn } from './balance.ts';
import { lineOfItem, pendingItems } from './items.ts';
import { buildLines, invoiceItemOf } from './lines.ts';
import type { LineDraft } from './line.ts';
import type { TaxTerms } from '../tax/checks.ts';
import { plainRendering } from './rendering.ts';
import { totalsOf } from './totals.ts';
import { automaticTaxOf, policyOf, taxTermsOf } from './tax.ts';
import { taxPolicy } from '../tax/line-taxes.ts';

export interface InvoiceFacts {
  /** Where something refers to it before it is made. */
  id?: string;
  customer: Stripe.Customer;
  subscription: Stripe.Subscription | null;
  currency: string;
  billingReason: Stripe.Invoice.BillingReason;
  lines: LineDraft[];
  /** Discounts over the whole, by id. */
  discounts: string[];
  periodStart: number;
  periodEnd: number;
  /** Pending invoice items come onto it. */
  sweepsPending: boolean;
  autoAdvance: boolean;
  finalizesAt: number | null;
  collectionMethod?: Stripe.Invoice.CollectionMethod;
  daysUntilDue?: number | null;
  dueDate?: number | null;
  description?: string | null;
  footer?: string | null;
  metadata?: Stripe.Emptyable<Stripe.MetadataParam>;
  defaultPaymentMethod?: string | null;
  prorationDate?: number | null;
  customFields?: Stripe.Invoice['custom_fields'];
  /** Default: as the subscription is taxed, or not at all. */
  tax?: TaxTerms;
  /** A number of one's own; default: the next of the customer when it is final. */
  number?: string | null;
  /** Default true: what the customer owes or is owed besides comes onto it. */
  appliesBalance?: boolean;
}

/** A draft with its lines added up, kept but not announced: that is for whoever knows the order. */
export function draftInvoice(ctx: Context, facts: InvoiceFacts): Stripe.Invoice {
  const { customer, subscription } = facts;
  const id = facts.id ?? ctx.newId('in');
  const swept = facts.sweepsPending ? sweep(ctx, facts, id) : [];
  const balance = facts.appliesBalance === false ? 0 : balanceIn(ctx, customer, facts.currency);
  // Pending items come before what the subscription costs.
  const drafts = [...swept, ...facts.lines];
  const terms = taxTermsOf(facts);
  const policy = taxPolicy(ctx, customer, terms);
  const { currency, discounts } = facts;
  const lines = buildLines(ctx, { id, currency }, drafts, discounts, policy);
  return ctx.store.put('invoice', {
    id,
    object: 'invoice',
    account_country: 'US',
    account_name: ctx.businessName,
    account_tax_ids: null,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_paid_off_stripe: 0,
    amount_shipping: 0,
    application: null,
    attempt_count: 0,
    attempted: false,
    auto_advance: facts.autoAdvance,
    automatic_tax: automaticTaxOf(policy),
    automatically_finalizes_at: facts.autoAdvance ? facts.finalizesAt : null,
    billing_reason: facts.billingReason,
    collection_method:
      facts.collectionMethod ?? subscription?.collection_method ?? 'charge_automatically',
    created: ctx.now,
    currency,
    custom_fields: facts.customFields ?? null,
    customer: customer.id,
    customer_account: null,
    ...customerSnapshot(ctx, customer),
    default_payment_method: facts.defaultPaymentMethod ?? null,
    default_source: null,
    default_tax_rates: [...terms.defaults],
    description: facts.description ?? subscription?.invoice_settings.description ?? null,
    discounts,
    due_date: facts.dueDate ?? dueDate(ctx, facts),
    effective_at: null,
    ending_balance: null,
    footer: facts.footer ?? customer.invoice_settings.footer,
    from_invoice: null,
    issuer: { type: 'self' },
    last_finalization_error: null,
    latest_revision: null,
    lines: {
      object: 'list',
      data: lines,
      has_more: false,
      url: `/v1/invoices/${id}/lines`,
    },
    livemode: false,
    metadata: mergeMetadata({}, facts.metadata),
    next_payment_attempt: facts.autoAdvance ? facts.finalizesAt : null,
    number: facts.number ?? null,
    on_behalf_of: null,
    parent:
      subscription === null
        ? null
        : {
            quote_details: null,
            subscription_details: {
              metadata: subscription.metadata,
              subscription: subscription.id,
              ...(facts.prorationDate === undefined || facts.prorationDate === null
                ? {}
                : { subscription_proration_date: facts.prorationDate }),
            },
            type: 'subscription_details',
          },
    payment_settings: {
      default_mandate: null,
      payment_method_options: null,
      payment_method_types: null,
    },
    period_end: facts.periodEnd,
    period_start: facts.periodStart,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: facts.billingReason === 'manual' ? plainRendering('auto') : null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: balance,
    statement_descriptor: null,
    status: 'draft',
    status_transitions: {
      finalized_at: null,
      marked_uncollectible_at: null,
      paid_at: null,
      voided_at: null,
    },
    test_clock: ctx.clock,
    webhooks_delivered_at: ctx.isHeard('invoice.created') ? null : ctx.now,
    ...totalsOf(ctx, lines, balance, currency),
  });
}

/** What the customer is called on the invoice, until it is final. */
export function customerSnapshot(ctx: Context, customer: Stripe.Customer) {
  return {
    customer_address: customer.address ?? null,
    customer_email: customer.email,
    customer_name: customer.name ?? null,
    customer_phone: customer.phone ?? null,
    customer_shipping: customer.shipping,
    customer_tax_exempt: customer.tax_exempt ?? 'none',
    customer_tax_ids: ctx.store.by('tax_id', 'customer', customer.id).map(({ type, value }) => ({
      type: type as Stripe.Invoice.CustomerTaxId.Type,
      value,
    })),
  } satisfies Partial<Stripe.Invoice>;
}

/** Puts other lines on a draft and adds it up anew. */
export function relineInvoice(
  ctx: Context,
  before: Stripe.Invoice,
  drafts: readonly LineDraft[],
  discounts: string[],
): Stripe.Invoice {
  if (before.status !== 'draft') {
    throw invalidRequest(
      `Invoice ${before.id} is no longer a draft, so its lines cannot be changed.`,
      'invoice',
      'invoice_not_editable',
    );
  }
  const customer = payerOf(ctx, before);
  const policy = policyOf(ctx, before, customer);
  const kept = drafts.map((draft) => ({ ...draft, ...lineIn(before, draft) }));
  const lines = buildLines(ctx, before, kept, discounts, policy);
  const balance = balanceIn(ctx, customer, before.currency);
  const patch = {
    lines: { ...before.lines, data: lines },
    discounts,
    starting_balance: balance,
    automatic_tax: automaticTaxOf(policy),
    ...totalsOf(ctx, lines, balance, before.currency),
  };
  return ctx.update('invoice', before, patch, 'invoice.updated');
}

/** Whose invoice it is; throws 400 when they were deleted. */
export function payerOf(ctx: Context, { customer }: Stripe.Invoice): Stripe.Customer {
  const id = idOf(customer!);
  const found = ctx.store.find('customer', id);
  if (found === undefined) {
    throw invalidRequest(`The customer of this invoice, ${id}, has been deleted.`);
  }
  return found;
}

/** The line that the draft is on the invoice already, under its id. */
function lineIn(invoice: Stripe.Invoice, { line, invoiceItem }: LineDraft): { line?: string } {
  if (line !== undefined || invoiceItem === null) return {};
  const found = invoice.lines.data.find((one) => invoiceItemOf(one) === invoiceItem);
  return found === undefined ? {} : { line: found.id };
}

function sweep(
  ctx: Context,
  { customer, subscription, currency }: InvoiceFacts,
  invoice: string,
): LineDraft[] {
  return pendingItems(ctx, customer.id, subscription?.id ?? null, currency).map((item) => {
    ctx.store.put('invoiceitem', { ...item, invoice });
    return lineOfItem(ctx, item);
  });
}

function dueDate(ctx: Context, facts: InvoiceFacts): number | null {
  const method = facts.collectionMethod ?? facts.subscription?.collection_method;
  if (method !== 'send_invoice') return null;
  const days = facts.daysUntilDue ?? facts.subscription?.days_until_due ?? 30;
  return ctx.now + days * 86_400;
}
