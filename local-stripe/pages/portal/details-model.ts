import type Stripe from 'stripe';
import type { FieldErrors, FormValues } from '../card-form.ts';
import { laterExpiry } from '../card-form.ts';
import { countryName } from '../country-field.ts';
import { declineText } from '../checkout/model.ts';
import type { Page } from '../page.ts';
import type { AddCardView, EditCustomerView } from './details.ts';
import { backUrlOf, frameOf } from './frame-model.ts';
import type { PortalVisit } from './frame-model.ts';

type Field = EditCustomerView['fields'][number];

/** The customer's fields that the configuration lets be changed, and what they hold. */
export function customerFields(
  page: Page,
  customer: Stripe.Customer,
  allowed: readonly string[],
): { label: string; value: string }[] {
  const values = customerValues(customer);
  return editableFields(page, allowed).map(({ name, label }) => ({
    label,
    value: name === 'country' ? countryName(page, values[name] ?? '') : (values[name] ?? ''),
  }));
}

export function editableFields(page: Page, allowed: readonly string[]): Field[] {
  const { portal, checkout } = page.words;
  const fields: (Field & { update: string })[] = [
    { update: 'name', name: 'name', label: portal.name, type: 'text', autocomplete: 'name' },
    { update: 'email', name: 'email', label: portal.email, type: 'email', autocomplete: 'email' },
    { update: 'phone', name: 'phone', label: portal.phone, type: 'tel', autocomplete: 'tel' },
    {
      update: 'address',
      name: 'line1',
      label: portal.address,
      type: 'text',
      autocomplete: 'address-line1',
    },
    {
      update: 'address',
      name: 'postal_code',
      label: checkout.postalCode,
      type: 'text',
      autocomplete: 'postal-code',
    },
    {
      update: 'address',
      name: 'city',
      label: checkout.city,
      type: 'text',
      autocomplete: 'address-level2',
    },
    {
      update: 'address',
      name: 'country',
      label: checkout.country,
      type: 'text',
      autocomplete: 'country',
    },
  ];
  return fields
    .filter(({ update }) => allowed.includes(update))
    .map(({ update: _update, ...field }) => field);
}

export function customerValues(customer: Stripe.Customer): FormValues {
  return {
    name: customer.name ?? '',
    email: customer.email ?? '',
    phone: customer.phone ?? '',
    line1: customer.address?.line1 ?? '',
    postal_code: customer.address?.postal_code ?? '',
    city: customer.address?.city ?? '',
    country: customer.address?.country ?? '',
  };
}

export function editCustomerView(
  visit: PortalVisit,
  values: FormValues,
  errors: FieldErrors,
): EditCustomerView {
  return {
    ...frameOf(visit),
    action: `${visit.path}/customer`,
    backUrl: backUrlOf(visit),
    fields: editableFields(visit.page, visit.features.customer_update.allowed_updates),
    values,
    errors,
  };
}

/** What the API is told; fields that are not the customer's to change are left alone. */
export function customerParams(fields: Field[], values: FormValues): Stripe.CustomerUpdateParams {
  const typed = Object.fromEntries(
    fields.map(({ name }) => [name, (values[name] ?? '').trim() || null]),
  );
  const { line1, postal_code, city, country, ...plain } = typed;
  if (!('line1' in typed)) return plain as Stripe.CustomerUpdateParams;
  const address = { line1, postal_code, city, country: country?.toUpperCase() ?? null };
  return { ...plain, address } as Stripe.CustomerUpdateParams;
}

export function addCardView(
  visit: PortalVisit,
  values: FormValues,
  errors: FieldErrors,
): AddCardView {
  const { ctx, page, session } = visit;
  const { failure } = ctx.store.get('_portal', session.id);
  const frame = frameOf(visit);
  return {
    ...frame,
    notice:
      failure === null
        ? frame.notice
        : { kind: 'bad', text: `${page.words.portal.notSaved}: ${declineText(page, failure)}` },
    action: `${visit.path}/payment_methods/new`,
    backUrl: backUrlOf(visit),
    values,
    errors,
    testExpiry: laterExpiry(ctx.now),
  };
}
