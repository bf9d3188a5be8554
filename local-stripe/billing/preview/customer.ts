import type Stripe from 'stripe';
import { noSuch } from '../../kernel/errors.ts';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { address } from '../addresses.ts';
import { createCustomer, shipping } from '../customer/create.ts';
import { createTaxId } from '../customer/tax-id.ts';
import { refuseUnsupported } from '../unsupported.ts';

/**
 * Whom the preview is about, as `customer_details` describes them: instead of a customer, or over
 * what is known of one. Only within a preview, which undoes it.
 */
export function previewCustomer(
  ctx: Context,
  { customer: named, customer_details: details }: Stripe.InvoiceCreatePreviewParams,
  subscription: Stripe.Subscription | null,
): string {
  const id =
    named ?? (subscription === null ? createCustomer(ctx, {}).id : idOf(subscription.customer));
  if (details === undefined) return id;
  refuseUnsupported(details, ['tax'], 'customer_details');
  const found = ctx.store.find('customer', id);
  if (found === undefined) throw noSuch('customer', id, 'customer');
  const customer = ctx.store.put('customer', {
    ...found,
    ...(details.address === undefined
      ? {}
      : { address: details.address ? address(details.address) : null }),
    ...(details.shipping === undefined
      ? {}
      : { shipping: details.shipping ? shipping(details.shipping) : null }),
    ...(details.tax_exempt === undefined ? {} : { tax_exempt: details.tax_exempt || 'none' }),
  });
  if (details.tax_ids === undefined) return id;
  for (const taxId of ctx.store.by('tax_id', 'customer', id)) ctx.store.remove('tax_id', taxId.id);
  for (const taxId of details.tax_ids) createTaxId(ctx, customer, taxId);
  return id;
}
