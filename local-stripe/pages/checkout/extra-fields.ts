import { html } from 'hono/html';
import type { FieldErrors, FormValues } from '../card-form.ts';
import type { Html } from '../document.ts';
import { renderCountryField } from '../country-field.ts';
import { renderField } from '../field.ts';
import type { Page } from '../page.ts';
import { renderTaxId } from './tax-id.ts';

/** One of the session's `custom_fields`, as the page asks for it. */
export interface CustomFieldView {
  key: string;
  label: string;
  type: 'dropdown' | 'numeric' | 'text';
  optional: boolean;
  options: { label: string; value: string }[];
  defaultValue: string;
  maximumLength: number | null;
}

/** What a session asks for beside the card, each only when the session says so. */
export interface ExtraFields {
  phone: boolean;
  address: boolean;
  /** Null: nobody asks for a tax id. */
  taxId: { required: boolean } | null;
  termsText: string | null;
  customFields: CustomFieldView[];
}

export function renderExtraFields(
  page: Page,
  extra: ExtraFields,
  values: FormValues,
  errors: FieldErrors,
): Html {
  const { checkout } = page.words;
  return html`${
    extra.phone
      ? renderField({
          name: 'phone',
          label: checkout.phone,
          type: 'tel',
          value: values['phone'] ?? '',
          error: errors['phone'],
          autocomplete: 'tel',
          required: true,
          maxLength: 20,
        })
      : ''
  }
  ${extra.address ? renderAddress(page, values, errors) : ''}
  ${extra.taxId === null ? '' : renderTaxId(page, extra.taxId.required, values, errors)}
  ${extra.customFields.map((field) => renderCustomField(page, field, values, errors))}
  ${
    extra.termsText === null
      ? ''
      : html`<div>
          <label class="check">
            <input
              type="checkbox"
              name="terms_of_service"
              value="accepted"
              required
              ${values['terms_of_service'] === 'accepted' ? html`checked` : ''}
              ${errors['terms_of_service'] ? html`aria-describedby="terms-error"` : ''}
            />
            <span>${extra.termsText}</span>
          </label>
          ${
            errors['terms_of_service']
              ? html`<p class="error" id="terms-error">${errors['terms_of_service']}</p>`
              : ''
          }
        </div>`
  }`;
}

function renderAddress(page: Page, values: FormValues, errors: FieldErrors): Html {
  const { checkout } = page.words;
  const field = (name: string, label: string, autocomplete: string, maxLength: number): Html =>
    renderField({
      name,
      label,
      autocomplete,
      maxLength,
      value: values[name] ?? '',
      error: errors[name],
      required: true,
    });
  return html`<div class="stack">
    ${field('line1', checkout.addressLine, 'address-line1', 200)}
    <div class="pair">
      ${field('postal_code', checkout.postalCode, 'postal-code', 20)}
      ${field('city', checkout.city, 'address-level2', 100)}
    </div>
    ${renderCountryField(page, {
      label: checkout.country,
      value: values['country'] ?? '',
      error: errors['country'],
      required: true,
    })}
  </div>`;
}

function renderCustomField(
  page: Page,
  field: CustomFieldView,
  values: FormValues,
  errors: FieldErrors,
): Html {
  const name = `custom_${field.key}`;
  const label = field.optional ? page.words.checkout.optional(field.label) : field.label;
  const value = values[name] ?? field.defaultValue;
  if (field.type !== 'dropdown') {
    return renderField({
      name,
      label,
      value,
      error: errors[name],
      numeric: field.type === 'numeric',
      required: !field.optional,
      maxLength: field.maximumLength ?? 255,
    });
  }
  return html`<div class="field">
    <label for="${name}">${label}</label>
    <select id="${name}" name="${name}" ${field.optional ? '' : html`required`}>
      <option value=""></option>
      ${field.options.map(
        (option) =>
          html`<option value="${option.value}" ${option.value === value ? html`selected` : ''}>
            ${option.label}
          </option>`,
      )}
    </select>
    ${errors[name] ? html`<p class="error">${errors[name]}</p>` : ''}
  </div>`;
}
