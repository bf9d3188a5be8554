import { html } from 'hono/html';
import type { Html } from './document.ts';
import type { FieldOptions } from './field.ts';
import type { Page } from './page.ts';

/** ISO 3166-1, as Checkout offers them (the values of `shipping_address_collection.allowed_countries`). */
const CODES =
  'AC AD AE AF AG AI AL AM AO AQ AR AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW ' +
  'BY BZ CA CD CF CG CH CI CK CL CM CN CO CR CV CW CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FO ' +
  'FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IS IT JE ' +
  'JM JO JP KE KG KH KI KM KN KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MK ML MM MN MO ' +
  'MQ MR MS MT MU MV MW MX MY MZ NA NC NE NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PY ' +
  'QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SZ TA TC TD TF TG TH TJ TK TL ' +
  'TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VN VU WF WS XK YE YT ZA ZM ZW';

type CountryOptions = Pick<FieldOptions, 'label' | 'value' | 'error' | 'required'>;

/** A country as the visitor calls it; what has no name stays the code that it is. */
export function countryName(page: Page, code: string): string {
  if (!/^[A-Za-z]{2}$/.test(code)) return code;
  return new Intl.DisplayNames([page.language], { type: 'region' }).of(code.toUpperCase()) ?? code;
}

/** All countries by their names, as Stripe's pages let them be chosen. */
export function renderCountryField(page: Page, options: CountryOptions): Html {
  const { label, value = '', error, required } = options;
  const chosen = value.toUpperCase();
  // What the API was told stays, also where nobody could choose it here.
  const codes = new Set([...CODES.split(' '), ...(chosen === '' ? [] : [chosen])]);
  const countries = [...codes]
    .map((code) => ({ code, name: countryName(page, code) }))
    .sort((a, b) => a.name.localeCompare(b.name, page.language));
  return html`<div class="field">
    <label for="country">${label}</label>
    <select
      id="country"
      name="country"
      autocomplete="country"
      ${required ? html`required` : ''}
      ${error ? html`aria-invalid="true" aria-describedby="country-error" autofocus` : ''}
    >
      <option value=""></option>
      ${countries.map(
        ({ code, name }) =>
          html`<option value="${code}" ${code === chosen ? html`selected` : ''}>${name}</option>`,
      )}
    </select>
    ${error ? html`<p class="error" id="country-error">${error}</p>` : ''}
  </div>`;
}
