import type Stripe from 'stripe';
import { StripeError, cardError, invalidRequest } from '../../kernel/errors.ts';
import { randomText } from '../../kernel/ids.ts';
import { mergeMetadata } from '../../kernel/metadata.ts';
import { idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { billingDetails } from '../addresses.ts';
import { findCardByNumber, findReadyMadeCard } from '../cards.ts';
import type { TestCard } from '../cards.ts';
import { judgeSetup } from './behavior.ts';
import { declineError, thrownDecline } from './decline.ts';

export interface CardFacts {
  card: TestCard;
  expMonth: number;
  expYear: number;
  billing?: Partial<Stripe.PaymentMethod.BillingDetails>;
  allowRedisplay?: Stripe.PaymentMethod.AllowRedisplay;
  metadata?: Stripe.Emptyable<Stripe.MetadataParam>;
}

/** A card as given by number, checked as a bank's front door does: 402 when it cannot be one. */
export function readCardNumber(
  ctx: Context,
  given: { number: string; expMonth: number; expYear: number; cvc?: string | undefined },
): TestCard {
  const digits = given.number.replaceAll(/[\s-]/g, '');
  const card = findCardByNumber(digits);
  if (!/^\d{12,19}$/.test(digits) || card === undefined) {
    throw refusedField('incorrect_number', 'Your card number is incorrect.', 'number');
  }
  if (!Number.isInteger(given.expMonth) || given.expMonth < 1 || given.expMonth > 12) {
    throw refusedField(
      'invalid_expiry_month',
      "Your card's expiration month is invalid.",
      'exp_month',
    );
  }
  const endsAt = Date.UTC(fullYear(given.expYear), given.expMonth) / 1000;
  if (!(endsAt > ctx.globalNow) || fullYear(given.expYear) > 2200) {
    throw refusedField(
      'invalid_expiry_year',
      "Your card's expiration year is invalid.",
      'exp_year',
    );
  }
  if (given.cvc !== undefined && !/^\d{3,4}$/.test(given.cvc)) {
    throw refusedField('invalid_cvc', "Your card's security code is invalid.", 'cvc');
  }
  return card;
}

function refusedField(code: string, message: string, param: string) {
  return cardError({ code, message, param }, { keepsChanges: false });
}

export function fullYear(year: number): number {
  return year < 100 ? 2000 + year : year;
}

/** A payment method of nobody's yet. Payment methods are not announced until they are attached. */
export function createCardMethod(ctx: Context, facts: CardFacts): Stripe.PaymentMethod {
  const { card } = facts;
  const id = ctx.newId('pm');
  ctx.store.put('_card', { id, number: card.number, authenticated: false, failing: null });
  return ctx.store.put('payment_method', {
    id,
    object: 'payment_method',
    allow_redisplay: facts.allowRedisplay ?? 'unspecified',
    billing_details: billingDetails(facts.billing),
    card: {
      brand: card.brand,
      checks: {
        address_line1_check: null,
        address_postal_code_check: null,
        cvc_check: card.decline?.code === 'incorrect_cvc' ? 'fail' : 'pass',
      },
      country: card.country,
      display_brand: card.brand === 'amex' ? 'american_express' : card.brand,
      exp_month: facts.expMonth,
      exp_year: fullYear(facts.expYear),
      fingerprint: randomText(`fingerprint:${card.number}`, 16),
      funding: card.funding,
      generated_from: null,
      last4: card.number.slice(-4),
      networks: { available: [card.brand], preferred: null },
      regulated_status: 'unregulated',
      three_d_secure_usage: { supported: card.brand !== 'unionpay' },
      wallet: null,
    },
    created: ctx.now,
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: mergeMetadata({}, facts.metadata),
    type: 'card',
  });
}

/** Stripe suspects the wrong account when a payment method is not there. 404 with `inPath`. */
export function noSuchMethod(id: string, param: string, inPath = param === 'id'): StripeError {
  return new StripeError(inPath ? 404 : 400, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message: `No such PaymentMethod: '${id}'; It's possible this PaymentMethod exists on one of your connected accounts, in which case you should retry this request on that connected account. Learn more at https://stripe.com/docs/connect/authentication`,
    param: inPath ? 'payment_method' : param,
  });
}

/** `pm_card_visa` makes a new payment method of that card; an id finds its own. */
export function resolveMethod(
  ctx: Context,
  reference: string,
  param = 'payment_method',
): Stripe.PaymentMethod {
  const found = ctx.store.find('payment_method', reference);
  if (found !== undefined) return found;
  const card = findReadyMadeCard(reference);
  if (card === undefined) throw noSuchMethod(reference, param);
  return createCardMethod(ctx, { card, ...expiryOfTestCards(ctx) });
}

/** Test cards expire in a year. */
export function expiryOfTestCards(ctx: Context): { expMonth: number; expYear: number } {
  const today = new Date(ctx.globalNow * 1000);
  return { expMonth: today.getUTCMonth() + 1, expYear: today.getUTCFullYear() + 1 };
}

/** Gives the payment method to the customer. 402 for cards that the bank refuses outright. */
export function attachMethod(
  ctx: Context,
  method: Stripe.PaymentMethod,
  customer: string,
): Stripe.PaymentMethod {
  const owner = idOrNull(method.customer);
  if (owner === customer) return method;
  if (owner !== null) {
    throw invalidRequest(
      'The payment method you provided has already been attached to a customer.',
      'payment_method',
    );
  }
  const verdict = judgeSetup(ctx, method.id, true);
  if (verdict.kind === 'declines') {
    const error = { ...declineError(verdict.decline, null, null), param: '' };
    throw thrownDecline(error, {}, { keepsChanges: false });
  }
  return giveTo(ctx, method, customer);
}

/** After a payment or setup that succeeded, when the bank has been asked already. */
export function giveTo(
  ctx: Context,
  method: Stripe.PaymentMethod,
  customer: string,
): Stripe.PaymentMethod {
  if (idOrNull(method.customer) === customer) return method;
  const attached = ctx.store.put('payment_method', { ...method, customer });
  ctx.emit('payment_method.attached', attached);
  return attached;
}

/** Takes it from its customer for good, and from everything it was the default of. */
export function detachMethod(ctx: Context, method: Stripe.PaymentMethod): Stripe.PaymentMethod {
  const owner = idOrNull(method.customer);
  if (owner === null) {
    throw invalidRequest(
      'The payment method you provided is not attached to a customer so detachment is impossible.',
    );
  }
  const detached = ctx.store.put('payment_method', { ...method, customer: null });
  const previous = { customer: owner };
  ctx.emit('payment_method.detached', detached, previous);
  const customer = ctx.store.find('customer', owner);
  if (customer !== undefined && customer.invoice_settings.default_payment_method === method.id) {
    const invoice_settings = { ...customer.invoice_settings, default_payment_method: null };
    ctx.update('customer', customer, { invoice_settings }, 'customer.updated');
  }
  for (const subscription of ctx.store.by('subscription', 'customer', owner)) {
    if (subscription.default_payment_method !== method.id || subscription.ended_at !== null)
      continue;
    const patch = { default_payment_method: null };
    ctx.update('subscription', subscription, patch, 'customer.subscription.updated');
  }
  return detached;
}

/** What an invoice of this customer is charged to: the subscription's card, else the customer's. */
export function defaultMethod(
  customer: Stripe.Customer,
  subscription: Stripe.Subscription | null,
): string | null {
  return (
    idOrNull(subscription?.default_payment_method) ??
    idOrNull(customer.invoice_settings.default_payment_method)
  );
}
