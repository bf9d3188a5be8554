import type Stripe from 'stripe';

type Given = Pick<
  Stripe.InvoiceUpdateParams,
  'custom_fields' | 'effective_at' | 'payment_settings' | 'rendering' | 'statement_descriptor'
>;

/** Parameters of an invoice that change nothing here but are told again. */
export function keptOnInvoice(
  given: Partial<Given>,
  before: Stripe.Invoice,
): Partial<Stripe.Invoice> {
  const kept: Partial<Stripe.Invoice> = {};
  if (given.custom_fields !== undefined) kept.custom_fields = given.custom_fields || null;
  if (given.effective_at !== undefined) kept.effective_at = given.effective_at || null;
  if (given.statement_descriptor !== undefined) {
    kept.statement_descriptor = given.statement_descriptor || null;
  }
  if (given.payment_settings !== undefined) {
    const { payment_method_options: options, payment_method_types: types } = given.payment_settings;
    kept.payment_settings = {
      ...before.payment_settings,
      ...(options === undefined
        ? {}
        : { payment_method_options: invoiceOptionsOf(options || null) }),
      ...(types === undefined ? {} : { payment_method_types: types || null }),
    } as Stripe.Invoice.PaymentSettings;
  }
  if (given.rendering !== undefined)
    kept.rendering = renderingOf(given.rendering, before.rendering);
  return kept;
}

/** How a card is to be charged, in the shape of each answer; other methods are refused before. */
interface CardOptions {
  card?: { request_three_d_secure?: string; network?: string } | null;
}

/** What is said of cards on a subscription. */
export function subscriptionOptionsOf<O>(given: object | null): O | null {
  if (given === null) return null;
  const { card } = given as CardOptions;
  return { ...NO_OPTIONS, card: { network: card?.network ?? null, ...secureOf(card) } } as O;
}

/** What is said of cards on an invoice: not over which network. */
function invoiceOptionsOf(given: object | null): object | null {
  if (given === null) return null;
  return { ...NO_OPTIONS, card: secureOf((given as CardOptions).card) };
}

function secureOf(card: CardOptions['card']): object {
  return { request_three_d_secure: card?.request_three_d_secure ?? 'automatic' };
}

const NO_OPTIONS = {
  acss_debit: null,
  bancontact: null,
  customer_balance: null,
  konbini: null,
  payto: null,
  pix: null,
  sepa_debit: null,
  upi: null,
  us_bank_account: null,
};

function renderingOf(
  given: Stripe.InvoiceUpdateParams.Rendering,
  before: Stripe.Invoice.Rendering | null,
): Stripe.Invoice.Rendering {
  const { amount_tax_display: display, pdf, template, template_version: version } = given;
  return {
    amount_tax_display:
      display === undefined ? (before?.amount_tax_display ?? null) : display || null,
    pdf: { page_size: pdf?.page_size ?? before?.pdf?.page_size ?? 'auto' },
    template: template ?? before?.template ?? null,
    template_version: version === undefined ? (before?.template_version ?? null) : version || null,
  };
}
