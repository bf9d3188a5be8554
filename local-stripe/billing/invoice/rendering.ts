import type Stripe from 'stripe';

/** How an invoice made by hand is laid out; the size of its pages is settled when it is final. */
export function plainRendering(
  page_size: Stripe.Invoice.Rendering.Pdf.PageSize,
): Stripe.Invoice.Rendering {
  return { amount_tax_display: null, pdf: { page_size }, template: null, template_version: null };
}

/** The same when the invoice is final. */
export function finalRendering(
  rendering: Stripe.Invoice.Rendering | null,
): Stripe.Invoice.Rendering | null {
  if (rendering?.pdf?.page_size !== 'auto') return rendering;
  return { ...rendering, pdf: { page_size: 'letter' } };
}
