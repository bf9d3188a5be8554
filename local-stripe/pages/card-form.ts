import { html } from 'hono/html';
import type { Html } from './document.ts';
import { renderField } from './field.ts';
import type { Page } from './page.ts';
import { groupDigits } from './test-cards.ts';

export type FormValues = Record<string, string>;
export type FieldErrors = Record<string, string>;

/** What a person typed about a card, checked in form but not yet shown to a bank. */
export interface TypedCard {
  number: string;
  expMonth: number;
  expYear: number;
  cvc: string;
  name: string;
}

/** The four card fields, with what was typed before and what is wrong with it. */
export function renderCardFields(page: Page, values: FormValues, errors: FieldErrors): Html {
  const { checkout } = page.words;
  return html`<div class="stack">
    ${renderField({
      name: 'number',
      label: checkout.cardNumber,
      value: groupDigits(values['number'] ?? ''),
      error: errors['number'],
      autocomplete: 'cc-number',
      numeric: true,
      required: true,
      placeholder: '4242 4242 4242 4242',
      maxLength: 23,
    })}
    <div class="pair">
      ${renderField({
        name: 'expiry',
        label: checkout.expiry,
        value: values['expiry'] ?? '',
        error: errors['expiry'],
        autocomplete: 'cc-exp',
        numeric: true,
        required: true,
        placeholder: '12 / 34',
        maxLength: 9,
      })}
      ${renderField({
        name: 'cvc',
        label: checkout.cvc,
        value: values['cvc'] ?? '',
        error: errors['cvc'],
        autocomplete: 'cc-csc',
        numeric: true,
        required: true,
        placeholder: '123',
        maxLength: 4,
      })}
    </div>
    ${renderField({
      name: 'name',
      label: checkout.optional(checkout.nameOnCard),
      value: values['name'] ?? '',
      error: errors['name'],
      autocomplete: 'cc-name',
      maxLength: 200,
    })}
  </div>`;
}

/**
 * Reads the card fields of a form. A number that is well formed but of no test card is let through:
 * whether a card is known is the bank's answer, not the form's.
 */
export function readCardForm(
  page: Page,
  values: FormValues,
  nowSeconds: number,
): { card: TypedCard; errors: FieldErrors } {
  const words = page.words.card.errors;
  const errors: FieldErrors = {};
  const number = (values['number'] ?? '').replace(/[\s-]/g, '');
  if (number === '') errors['number'] = words.numberMissing;
  else if (!/^\d{12,19}$/.test(number) || !passesLuhn(number)) {
    errors['number'] = words.numberInvalid;
  }
  const expiry = readExpiry(values['expiry'] ?? '');
  if (expiry === null) errors['expiry'] = words.expiryMissing;
  else if (isPast(expiry, nowSeconds)) errors['expiry'] = words.expiryPast;
  const cvc = (values['cvc'] ?? '').trim();
  if (!/^\d{3,4}$/.test(cvc)) errors['cvc'] = words.cvcMissing;
  return {
    card: {
      number,
      expMonth: expiry?.month ?? 0,
      expYear: expiry?.year ?? 0,
      cvc,
      name: (values['name'] ?? '').trim(),
    },
    errors,
  };
}

/** `12 / 34`, `1234`, `12/2034` → month and full year; null when it is none of them. */
export function readExpiry(text: string): { month: number; year: number } | null {
  const match = /^\s*(\d{1,2})\s*[/-]?\s*(\d{4}|\d{2})\s*$/.exec(text);
  if (match === null) return null;
  const month = Number(match[1]);
  const year = Number(match[2]);
  if (month < 1 || month > 12) return null;
  return { month, year: year < 100 ? 2000 + year : year };
}

/** A card is good until the end of its month. */
function isPast(expiry: { month: number; year: number }, nowSeconds: number): boolean {
  const firstSecondAfter = Date.UTC(expiry.year, expiry.month, 1) / 1000;
  return firstSecondAfter <= nowSeconds;
}

/** The check digit every card number carries (ISO/IEC 7812). */
export function passesLuhn(number: string): boolean {
  let sum = 0;
  for (const [index, digit] of [...number].reverse().entries()) {
    const doubled = index % 2 === 1 ? Number(digit) * 2 : Number(digit);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** An expiry three years ahead of the clock, as the test cards fill it in. */
export function laterExpiry(nowSeconds: number): string {
  const year = new Date(nowSeconds * 1000).getUTCFullYear() + 3;
  return `12 / ${String(year % 100).padStart(2, '0')}`;
}
