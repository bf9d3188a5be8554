import type Stripe from 'stripe';
import { asDecimal } from '../../schema/decimal.ts';
import { invalidRequest, missingParam } from '../../kernel/errors.ts';
import { isCurrency } from '../../schema/request/currency.ts';
import { assertAtMostOneOf } from '../../kernel/exclusive.ts';

type Amounts = Pick<Stripe.Price, 'unit_amount' | 'unit_amount_decimal'>;
type GivenTier = Stripe.PriceCreateParams.Tier;
/** What a price and each of its currency options say about amounts. */
type GivenAmounts = Pick<
  Stripe.PriceCreateParams,
  'unit_amount' | 'unit_amount_decimal' | 'custom_unit_amount' | 'tiers'
>;

/** The amount of a unit, both as an integer (null when it has a fraction) and as a decimal. */
export function amountsOf(params: Stripe.PriceCreateParams): Amounts {
  const given = assertAtMostOneOf(params, [
    'unit_amount',
    'unit_amount_decimal',
    'custom_unit_amount',
  ]);
  if (params.billing_scheme === 'tiered' || params.custom_unit_amount !== undefined) {
    if (given !== null && given !== 'custom_unit_amount') {
      throw invalidRequest(`You cannot set \`${given}\` for tiered pricing.`, given);
    }
    return { unit_amount: null, unit_amount_decimal: null };
  }
  if (given === null) {
    throw missing('Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set.');
  }
  return unitAmounts(params.unit_amount, params.unit_amount_decimal, '');
}

const missing = (message: string) => invalidRequest(message, 'unit_amount', 'parameter_missing');

/** The tiers of a tiered price, checked; null for any other. */
export function tiersOf(
  params: Stripe.PriceCreateParams,
  within: string,
): Stripe.Price.Tier[] | null {
  if (params.billing_scheme !== 'tiered') {
    const given = params.tiers ? within : params.tiers_mode ? 'tiers_mode' : null;
    if (given === null) return null;
    throw invalidRequest(
      `\`${given}\` can only be set if \`billing_scheme\` is \`tiered\`.`,
      given,
    );
  }
  if ((params.tiers ?? []).length === 0) throw missingParam('tiers');
  if (params.tiers_mode === undefined) throw missingParam('tiers_mode');
  return readTiers(params.tiers!, within);
}

function readTiers(tiers: GivenTier[], within: string): Stripe.Price.Tier[] {
  let floor = 0;
  return tiers.map((tier, index) => {
    const place = `${within}[${index}]`;
    const isLast = index === tiers.length - 1;
    if (isLast !== (tier.up_to === 'inf')) {
      throw invalidRequest('The last tier, and it alone, has `up_to` set to `inf`.', place);
    }
    if (tier.up_to !== 'inf') {
      if (tier.up_to <= floor) {
        throw invalidRequest('Tiers are given in rising order of `up_to`.', `${place}[up_to]`);
      }
      floor = tier.up_to;
    }
    const flat = unitAmounts(tier.flat_amount, tier.flat_amount_decimal, place);
    const unit = unitAmounts(tier.unit_amount, tier.unit_amount_decimal, place);
    if (flat.unit_amount_decimal === null && unit.unit_amount_decimal === null) {
      throw invalidRequest('A tier has an amount, flat or for each unit.', place);
    }
    return {
      flat_amount: flat.unit_amount,
      flat_amount_decimal: flat.unit_amount_decimal,
      unit_amount: unit.unit_amount,
      unit_amount_decimal: unit.unit_amount_decimal,
      up_to: tier.up_to === 'inf' ? null : tier.up_to,
    };
  });
}

/** All currencies of a price, its own first. */
export function currencyOptionsOf(
  params: Stripe.PriceCreateParams,
): Record<string, Stripe.Price.CurrencyOptions> {
  return {
    [params.currency]: optionOf(params, params.tax_behavior, ''),
    ...otherCurrenciesOf(params.currency_options ?? {}),
  };
}

/** The further currencies of a price, by code. */
export function otherCurrenciesOf(
  given: Record<string, Stripe.PriceUpdateParams.CurrencyOptions>,
): Record<string, Stripe.Price.CurrencyOptions> {
  return Object.fromEntries(
    Object.entries(given).map(([currency, option]) => {
      const place = `currency_options[${currency}]`;
      if (!isCurrency(currency)) throw invalidRequest(`Invalid currency: ${currency}.`, place);
      return [currency, optionOf(option, option.tax_behavior, place)] as const;
    }),
  );
}

function optionOf(
  given: GivenAmounts,
  taxBehavior: Stripe.Price.TaxBehavior | undefined,
  place: string,
): Stripe.Price.CurrencyOptions {
  const custom = given.custom_unit_amount;
  return {
    custom_unit_amount: custom?.enabled
      ? {
          maximum: custom.maximum ?? null,
          minimum: custom.minimum ?? null,
          preset: custom.preset ?? null,
        }
      : null,
    tax_behavior: taxBehavior ?? 'unspecified',
    ...(given.tiers ? { tiers: readTiers(given.tiers, `${place}[tiers]`) } : {}),
    ...unitAmounts(given.unit_amount, given.unit_amount_decimal, place),
  };
}

function unitAmounts(
  amount: number | null | undefined,
  decimal: Stripe.Decimal | null | undefined,
  place: string,
): Amounts {
  if (decimal === undefined || decimal === null) {
    if (amount === undefined || amount === null) {
      return { unit_amount: null, unit_amount_decimal: null };
    }
    return { unit_amount: amount, unit_amount_decimal: asDecimal(amount) };
  }
  const digits = String(decimal);
  if (digits.startsWith('-')) {
    throw invalidRequest(
      'This value must be greater than or equal to 0.',
      place === '' ? 'unit_amount_decimal' : place,
      'parameter_invalid_integer',
    );
  }
  const value = Number(digits);
  return {
    unit_amount: Number.isSafeInteger(value) ? value : null,
    unit_amount_decimal: decimal,
  };
}
