import { html } from 'hono/html';
import { assertTaxId } from '../../billing/customer/tax-id.ts';
import { StripeError } from '../../kernel/errors.ts';
import type { FieldErrors, FormValues } from '../card-form.ts';
import type { Html } from '../document.ts';
import { renderField } from '../field.ts';
import type { Page } from '../page.ts';

/** The kinds that the page knows, as people call them; the API knows more. */
const kinds: readonly [type: string, name: string][] = [
  ['eu_vat', 'EU VAT'],
  ['gb_vat', 'GB VAT'],
  ['ch_vat', 'CH VAT'],
  ['no_vat', 'NO VAT'],
  ['au_abn', 'AU ABN'],
  ['nz_gst', 'NZ GST'],
  ['sg_gst', 'SG GST'],
  ['jp_trn', 'JP TRN'],
  ['cn_tin', 'CN TIN'],
  ['ca_gst_hst', 'CA GST/HST'],
  ['us_ein', 'US EIN'],
];

/** Asks a business for its name and its tax id. */
export function renderTaxId(
  page: Page,
  required: boolean,
  values: FormValues,
  errors: FieldErrors,
): Html {
  const { tax, checkout } = page.words;
  const label = (text: string) => (required ? text : checkout.optional(text));
  return html`<fieldset class="stack">
    <legend>${tax.business}</legend>
    ${renderField({
      name: 'business_name',
      label: label(tax.businessName),
      value: values['business_name'] ?? '',
      error: errors['business_name'],
      autocomplete: 'organization',
      required,
      maxLength: 200,
    })}
    <div class="pair">
      <div class="field">
        <label for="tax_id_type">${label(tax.idType)}</label>
        <select id="tax_id_type" name="tax_id_type">
          <option value="">${tax.noId}</option>
          ${kinds.map(
            ([type, name]) =>
              html`<option value="${type}" ${values['tax_id_type'] === type ? html`selected` : ''}>
                ${name}
              </option>`,
          )}
        </select>
        ${errors['tax_id_type'] ? html`<p class="error">${errors['tax_id_type']}</p>` : ''}
      </div>
      ${renderField({
        name: 'tax_id',
        label: label(tax.id),
        value: values['tax_id'] ?? '',
        error: errors['tax_id'],
        required,
        maxLength: 40,
      })}
    </div>
  </fieldset>`;
}

export interface TypedBusiness {
  name: string | null;
  taxId: { type: string; value: string } | null;
}

/** What was typed of the business; a tax id comes with its kind and the name it belongs to. */
export function readTaxId(
  page: Page,
  required: boolean,
  values: FormValues,
  errors: FieldErrors,
): TypedBusiness {
  const { card, tax } = page.words;
  const field = (name: string) => (values[name] ?? '').trim();
  const [name, type, value] = [field('business_name'), field('tax_id_type'), field('tax_id')];
  const isAsked = required || type !== '' || value !== '';
  if (!isAsked) return { name: name === '' ? null : name, taxId: null };
  if (name === '') errors['business_name'] = card.errors.required;
  if (!kinds.some(([one]) => one === type)) errors['tax_id_type'] = card.errors.required;
  if (value === '') errors['tax_id'] = card.errors.required;
  else if (!isTaxId(type, value)) errors['tax_id'] = tax.idInvalid;
  return { name, taxId: { type, value } };
}

function isTaxId(type: string, value: string): boolean {
  try {
    assertTaxId({ type, value });
    return true;
  } catch (error) {
    if (error instanceof StripeError) return false;
    throw error;
  }
}
