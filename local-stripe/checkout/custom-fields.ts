import type Stripe from 'stripe';
import { invalidRequest } from '../kernel/errors.ts';

type CustomField = Stripe.Checkout.Session.CustomField;

/** The session's own questions, unanswered. */
export function buildCustomFields(
  given: Stripe.Checkout.SessionCreateParams.CustomField[],
): CustomField[] {
  const keys = new Set<string>();
  return given.map((field, index) => {
    const name = `custom_fields[${index}]`;
    if (!/^[A-Za-z0-9]{1,200}$/.test(field.key)) {
      throw invalidRequest('A key has 1 to 200 letters and digits.', `${name}[key]`);
    }
    if (keys.has(field.key)) {
      throw invalidRequest('Each custom field needs a key of its own.', `${name}[key]`);
    }
    keys.add(field.key);
    if (field.label.custom.length > 50) {
      throw invalidRequest('A label has at most 50 characters.', `${name}[label][custom]`);
    }
    return {
      key: field.key,
      label: { custom: field.label.custom, type: 'custom' },
      optional: field.optional ?? false,
      type: field.type,
      ...typed(field, name),
    };
  });
}

function typed(
  field: Stripe.Checkout.SessionCreateParams.CustomField,
  name: string,
): Partial<CustomField> {
  if (field.type === 'dropdown') {
    const options = field.dropdown?.options ?? [];
    if (options.length === 0) {
      throw invalidRequest('A dropdown needs options.', `${name}[dropdown][options]`);
    }
    return {
      dropdown: { default_value: field.dropdown?.default_value ?? null, options, value: null },
    };
  }
  const limits = field.type === 'numeric' ? field.numeric : field.text;
  const answer = {
    default_value: limits?.default_value ?? null,
    maximum_length: limits?.maximum_length ?? null,
    minimum_length: limits?.minimum_length ?? null,
    value: null,
  };
  return field.type === 'numeric' ? { numeric: answer } : { text: answer };
}

/** The fields with what the payer answered. */
export function answerCustomFields(
  fields: CustomField[],
  answers: Record<string, string>,
): CustomField[] {
  return fields.map((field) => {
    const value = answers[field.key] ?? '';
    const given = value === '' ? null : value;
    if (field.dropdown !== undefined) {
      return { ...field, dropdown: { ...field.dropdown, value: given } };
    }
    if (field.numeric !== undefined) {
      return { ...field, numeric: { ...field.numeric, value: given } };
    }
    if (field.text !== undefined) return { ...field, text: { ...field.text, value: given } };
    return field;
  });
}

/** The keys whose answer is missing or not one of the field's. */
export function wrongAnswers(fields: CustomField[], answers: Record<string, string>): string[] {
  return fields
    .filter((field) => !isAnswered(field, answers[field.key] ?? ''))
    .map(({ key }) => key);
}

function isAnswered(field: CustomField, value: string): boolean {
  if (value === '') return field.optional;
  if (field.dropdown !== undefined) {
    return field.dropdown.options.some((option) => option.value === value);
  }
  const limits = field.numeric ?? field.text;
  if (field.numeric !== undefined && !/^\d+$/.test(value)) return false;
  return (
    value.length >= (limits?.minimum_length ?? 0) && value.length <= (limits?.maximum_length ?? 255)
  );
}

export function buildCustomText(
  given: Stripe.Checkout.SessionCreateParams.CustomText,
): Stripe.Checkout.Session.CustomText {
  return {
    after_submit: given.after_submit || null,
    shipping_address: given.shipping_address || null,
    submit: given.submit || null,
    terms_of_service_acceptance: given.terms_of_service_acceptance || null,
  };
}
