import type { Stripe } from 'stripe';
import { z } from 'zod';
import type { BillingDetailsView, TaxIdView } from '../../../domain/billing/billing-details.ts';
import { BillingError } from '../../../domain/errors.ts';
import { STEP_TIMEOUTS, SYNC_TIMEOUTS } from './client/client.ts';
import { callStripe, isMissing, isRefused } from './client/errors.ts';

const part = z.string().nullish();
const address = z
  .object({ country: part, line1: part, line2: part, postal_code: part, city: part, state: part })
  .transform(({ country, line1, line2, postal_code, city, state }) =>
    country
      ? {
          country,
          line1: line1 || null,
          line2: line2 || null,
          postalCode: postal_code || null,
          city: city || null,
          state: state || null,
        }
      : null,
  );
const taxId = z.object({ id: z.string(), type: z.string(), value: z.string() });
const details = z.object({
  name: z.string().nullish(),
  address: address.nullish(),
  tax_ids: z.object({ data: z.array(taxId) }).nullish(),
});

/** More than anybody has: the list that is expanded holds ten. */
const LISTED_MAX = 100;

/** What Stripe's invoices name of a customer. Throws as everything that is asked of Stripe does. */
export class BillingDetailsCalls {
  readonly #stripe: Stripe;

  constructor(stripe: Stripe) {
    this.#stripe = stripe;
  }

  /** `resource_missing` for a customer that is gone. */
  read(customerId: string): Promise<BillingDetailsView> {
    return callStripe(async () => {
      const wanted = { expand: ['tax_ids'] };
      const answer = await this.#stripe.customers.retrieve(customerId, wanted, SYNC_TIMEOUTS);
      const { name, address: at, tax_ids } = details.parse(answer);
      return {
        name: name || null,
        address: at ?? null,
        taxIds: (tax_ids?.data ?? []).map(({ type, value }) => ({ type, value })),
      };
    });
  }

  /**
   * Makes a customer's details these. Tax ids are no field but objects: new ones are made before those
   * that are gone are taken away, and doing it again after it was cut short ends with the right ones.
   * 400 `tax_id_invalid`.
   */
  write(customerId: string, { name, address: at, taxIds }: BillingDetailsView): Promise<void> {
    return callStripe(async () => {
      await writeTaxIds(this.#stripe, customerId, taxIds);
      const params = {
        name: name ?? '',
        address: at && {
          country: at.country,
          line1: at.line1 ?? '',
          line2: at.line2 ?? '',
          postal_code: at.postalCode ?? '',
          city: at.city ?? '',
          state: at.state ?? '',
        },
      } as Stripe.CustomerUpdateParams;
      await this.#stripe.customers.update(customerId, params, STEP_TIMEOUTS);
    });
  }
}

async function writeTaxIds(
  stripe: Stripe,
  customerId: string,
  wanted: readonly TaxIdView[],
): Promise<void> {
  const same = (a: TaxIdView, b: TaxIdView) => a.type === b.type && a.value === b.value;
  const { data } = await stripe.customers.listTaxIds(
    customerId,
    { limit: LISTED_MAX },
    STEP_TIMEOUTS,
  );
  for (const { type, value } of wanted) {
    if (data.some((one) => same(one, { type, value }))) continue;
    const params = { type: type as Stripe.TaxIdCreateParams.Type, value };
    try {
      await stripe.customers.createTaxId(customerId, params, STEP_TIMEOUTS);
    } catch (error) {
      throw isRefused(error) && !isMissing(error) ? notATaxId(type, error) : error;
    }
  }
  for (const one of data.filter((there) => !wanted.some((wish) => same(there, wish)))) {
    try {
      await stripe.customers.deleteTaxId(customerId, one.id, {}, STEP_TIMEOUTS);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
}

/** Of no kind that Stripe knows, or not of the form that its kind has. */
function notATaxId(type: string, cause: unknown): BillingError {
  return new BillingError(
    'tax_id_invalid',
    `The tax id cannot be one of the kind ${type}; look at its kind and its digits, and save again.`,
    { cause },
  );
}
