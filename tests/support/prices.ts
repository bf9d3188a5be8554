import type { Customer } from './customer.ts';

/** Replaces an offered price by the documented procedure: the new one takes the lookup key. */
export async function replacePrice(
  customer: Customer,
  key: string,
  values: Record<string, string>,
): Promise<string> {
  const [, plan, interval] = key.split('_') as [string, 'pro' | 'team', string];
  const priceId = await customer.priceOf(plan, interval === 'yearly' ? 'year' : 'month');
  const { product } = await customer.atStripe<{ product: string }>(`prices/${priceId}`);
  const made = await customer.atStripe<{ id: string }>('prices', {
    product,
    'recurring[interval]': interval === 'yearly' ? 'year' : 'month',
    lookup_key: key,
    transfer_lookup_key: 'true',
    'metadata[squaretable_plan]': plan,
    ...values,
  });
  customer.app.server.context.services.catalogue.expire();
  return made.id;
}
