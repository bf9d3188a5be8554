import { billingSettings } from '../settings.ts';
import type { TaxRegistration } from '../settings.ts';
import type { Context } from '../../kernel/types.ts';
import type { TaxLocation } from './location.ts';

const standard = (table: Record<string, number>, tax: 'gst' | 'jct' | 'vat'): TaxRegistration[] =>
  Object.entries(table).map(([country, percentage]) => ({ country, percentage, tax }));

const unionRates = {
  AT: 20, BE: 21, BG: 20, CY: 19, CZ: 21, DE: 19, DK: 25, EE: 24, ES: 21, FI: 25.5, FR: 20, GR: 24,
  HR: 25, HU: 27, IE: 23, IT: 22, LT: 21, LU: 17, LV: 21, MT: 18, NL: 21, PL: 23, PT: 23, RO: 21,
  SE: 25, SI: 22, SK: 23,
}; // prettier-ignore

/**
 * Where tax is collected unless `POST /_control/tax_registrations` says otherwise: standard rates to
 * try things out with, from memory, and no source of law. Elsewhere nothing is collected.
 */
export const defaultRegistrations: readonly TaxRegistration[] = [
  ...standard(unionRates, 'vat'),
  ...standard({ CH: 8.1, CN: 6, GB: 20, NO: 25 }, 'vat'),
  ...standard({ AU: 10, NZ: 15, SG: 9 }, 'gst'),
  ...standard({ JP: 10 }, 'jct'),
];

/** The registration that counts there: of the state, else of the country; null: nothing is collected. */
export function registrationAt(ctx: Context, place: TaxLocation): TaxRegistration | null {
  const all = billingSettings(ctx.store).tax.registrations ?? defaultRegistrations;
  const here = all.filter(({ country }) => country === place.country);
  return (
    here.find(({ state }) => state !== undefined && state === place.state) ??
    here.find(({ state }) => state === undefined) ??
    null
  );
}

/** The tax id with which a business of that country accounts for the tax itself. */
export function reverseChargeId(country: string): string | null {
  if (country in unionRates) return 'eu_vat';
  return others[country] ?? null;
}

const others: Record<string, string> = {
  AU: 'au_abn',
  CH: 'ch_vat',
  GB: 'gb_vat',
  NO: 'no_vat',
  NZ: 'nz_gst',
  SG: 'sg_gst',
};
