import type { Stripe } from 'stripe';
import type { PackDefinition } from '../../../../domain/billing/pack.ts';
import { formatMoney } from '../../../../domain/money.ts';
import { fault, toSee, well, type Finding } from '../../operations/doctor/faults.ts';
import type { StripeAccess } from '../client/client.ts';
import { callStripe, isStripeUnavailable } from '../client/errors.ts';
import { CATALOGUE_SLOTS, readOfferedPrices, type OfferedPrice } from '../offered-prices.ts';
import { readPackPrices } from '../packs/pack-prices.ts';
import { examineEndpoints } from './examine-endpoints.ts';
import { examinePortal } from './examine-portal.ts';
import type { TaxTerms } from './products.ts';

/** Stripe tells no program of this setting; packs are paid at Checkout, so it is about statements alone. */
const RETRIES = toSee(
  'Retries of invoices for overage',
  'not to be seen from here. In the dashboard, Settings → Billing → Invoices → Advanced invoicing features, retries of one-time invoices have to be on; else a payment that fails is tried once and waits for the customer.',
);

/** Looks whether the account is what the product needs; changes nothing. */
export async function examineStripe(
  stripe: Stripe,
  access: StripeAccess,
  webhookUrl: string | undefined,
  packs: readonly PackDefinition[],
  tax: TaxTerms = { automaticTax: false },
): Promise<Finding[]> {
  try {
    return await callStripe(async () => [
      well(`Stripe answers in ${access.livemode ? 'live' : 'test'} mode`),
      ...(await examinePrices(stripe, access, tax)),
      ...(await examinePacks(stripe, packs)),
      await examinePortal(stripe, access),
      ...(await examineEndpoints(stripe, access, webhookUrl)),
      RETRIES,
    ]);
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    const name = isStripeUnavailable(error) ? 'stripe_away' : 'stripe_key_refused';
    return [fault('Stripe', name, what)];
  }
}

async function examinePrices(
  stripe: Stripe,
  access: StripeAccess,
  tax: TaxTerms,
): Promise<Finding[]> {
  const { offered, problems } = await readOfferedPrices(stripe, access.prices);
  return [
    ...offered.map(({ plan, interval, amountMinor, currency }) =>
      well(`Price of ${plan} by the ${interval}: ${formatMoney({ amountMinor, currency }, 'en')}`),
    ),
    ...problems.map((problem) => fault('Prices', 'price_unusable', problem)),
    ...sharedPrices(access),
    ...mixedCurrencies(offered),
    ...(await foreignPrices(stripe, offered)),
    ...(tax.automaticTax ? await untaxedPrices(stripe, offered) : []),
  ];
}

async function examinePacks(stripe: Stripe, packs: readonly PackDefinition[]): Promise<Finding[]> {
  const { prices, problems } = await readPackPrices(stripe, packs);
  return [
    ...prices.map(({ packId, amounts }) => {
      const costs = amounts.map((one) => formatMoney(one, 'en')).join(' or ');
      return well(`Price of the pack ${packId}: ${costs}`);
    }),
    ...problems.map((problem) => fault('Prices', 'price_unusable', problem)),
  ];
}

function sharedPrices({ prices }: StripeAccess): Finding[] {
  const slots = CATALOGUE_SLOTS.filter((slot) => prices[slot.configured]);
  return slots.flatMap((slot, index) => {
    const first = slots.findIndex((one) => prices[one.configured] === prices[slot.configured]);
    if (first === index) return [];
    const what = `${slots[first]!.variable} and ${slot.variable} name the same price.`;
    return [fault('Prices', 'price_in_two_slots', what)];
  });
}

function mixedCurrencies(offered: OfferedPrice[]): Finding[] {
  const [first] = offered;
  const other = offered.find(
    ({ currency, currencyOptions }) =>
      currency !== first!.currency &&
      !currencyOptions.some((option) => option.currency === first!.currency),
  );
  if (!first || !other) return [];
  const what = `${first.priceId} is in ${first.currency}, ${other.priceId} in ${other.currency}.`;
  return [fault('Prices', 'currencies_mixed', what)];
}

/** The product says which plan it is, where our set-up made it or an operator marked it. */
async function foreignPrices(stripe: Stripe, offered: OfferedPrice[]): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const { priceId, plan, productId } of offered) {
    const { metadata } = await stripe.products.retrieve(productId);
    const marked = metadata['squaretable_plan'];
    if (marked === undefined || marked === plan) continue;
    const what = `${priceId} is offered as ${plan}, and its product says ${marked}.`;
    found.push(fault('Prices', 'price_of_another_plan', what));
  }
  return found;
}

/** Where tax is automatic a price has to say whether it holds the tax already. */
async function untaxedPrices(stripe: Stripe, offered: OfferedPrice[]): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const { priceId } of offered) {
    const { tax_behavior } = await stripe.prices.retrieve(priceId);
    if ((tax_behavior ?? 'unspecified') !== 'unspecified') continue;
    const what = `${priceId} does not say whether tax is in it, and STRIPE_TAX is automatic.`;
    found.push(fault('Prices', 'price_tax_unsaid', what));
  }
  return found;
}
