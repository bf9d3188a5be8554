import type Stripe from 'stripe';
import { isWallet } from '../../billing/payment/wallets.ts';
import type { Wallet } from '../../billing/payment/wallets.ts';
import type { CheckoutTender } from '../../checkout/ordered.ts';
import { wrongAnswers } from '../../checkout/custom-fields.ts';
import type { CheckoutPayer } from '../../checkout/row.ts';
import { asksAddress, needsPaymentMethod, requiresTaxId } from '../../checkout/session.ts';
import { isEmail } from '../../checkout/validate.ts';
import type { Context } from '../../kernel/types.ts';
import { readCardForm } from '../card-form.ts';
import type { FieldErrors, FormValues } from '../card-form.ts';
import type { Page } from '../page.ts';
import { knownEmail } from './model.ts';
import { readTaxId } from './tax-id.ts';

type Session = Stripe.Checkout.Session;

export interface ReadPayment {
  /** Null where nothing is to be paid with. */
  tender: CheckoutTender | null;
  payer: CheckoutPayer;
  errors: FieldErrors;
}

/** The whole form of the page; `errors` by field name, empty when it can be submitted. */
export function readPayment(
  ctx: Context,
  page: Page,
  session: Session,
  values: FormValues,
): ReadPayment {
  const words = page.words.card.errors;
  const wallet = chosenWallet(session, values);
  const needsTender = needsPaymentMethod(session);
  const needsCard = needsTender && wallet === null;
  const typed = readCardForm(page, values, ctx.now);
  const errors: FieldErrors = needsCard ? { ...typed.errors } : {};
  const email = knownEmail(ctx, session) ?? (values['email'] ?? '').trim();
  if (!isEmail(email)) errors['email'] = words.emailInvalid;
  const asksPhone = session.phone_number_collection?.enabled ?? false;
  const phone = (values['phone'] ?? '').trim();
  if (asksPhone && !/^\+?[\d\s()-]{5,20}$/.test(phone)) errors['phone'] = words.required;
  const asksTerms = session.consent_collection?.terms_of_service === 'required';
  const termsAccepted = values['terms_of_service'] === 'accepted';
  if (asksTerms && !termsAccepted) errors['terms_of_service'] = words.termsMissing;
  const customFields = Object.fromEntries(
    session.custom_fields.map(({ key }) => [key, (values[`custom_${key}`] ?? '').trim()]),
  );
  for (const key of wrongAnswers(session.custom_fields, customFields)) {
    errors[`custom_${key}`] = words.required;
  }
  const row = ctx.store.get('_checkout', session.id);
  const address = asksAddress(session, row) ? readAddress(values, errors, words.required) : null;
  const business = session.tax_id_collection?.enabled
    ? readTaxId(page, requiresTaxId(session), values, errors)
    : { name: null, taxId: null };
  const name = typed.card.name === '' ? null : typed.card.name;
  return {
    tender: !needsTender
      ? null
      : (wallet ?? {
          ...typed.card,
          name,
          email,
          country: address?.country ?? null,
          postalCode: address?.postal_code ?? null,
        }),
    payer: {
      email,
      name: business.name ?? name,
      phone: asksPhone ? phone : null,
      address,
      taxId: business.taxId,
      termsAccepted,
      customFields,
    },
    errors,
  };
}

/** The wallet whose button was pressed, where the session offers it. */
function chosenWallet(session: Session, values: FormValues): { wallet: Wallet } | null {
  const method = values['method'] ?? 'card';
  return isWallet(method) && session.payment_method_types.includes(method)
    ? { wallet: method }
    : null;
}

function readAddress(values: FormValues, errors: FieldErrors, missing: string): Stripe.Address {
  const field = (name: string): string => {
    const value = (values[name] ?? '').trim();
    if (value === '') errors[name] = missing;
    return value;
  };
  const country = field('country').toUpperCase();
  if (!/^[A-Z]{2}$/.test(country)) errors['country'] = missing;
  return {
    city: field('city'),
    country,
    line1: field('line1'),
    line2: null,
    postal_code: field('postal_code'),
    state: null,
  };
}
