import type Stripe from 'stripe';
import { cardError } from '../../kernel/errors.ts';
import type { ErrorBody, StripeError } from '../../kernel/errors.ts';
import type { Decline } from '../cards.ts';

/** The last error of an intent: the error as answered, the payment method being whole. */
export type IntentError = Stripe.PaymentIntent.LastPaymentError & Stripe.SetupIntent.LastSetupError;

export const authenticationFailure = {
  code: 'payment_intent_authentication_failure',
  message:
    'We are unable to authenticate your payment method. Please choose a different payment method and try again.',
};

/** Whoever owns the wallet did not authorize the payment. */
export const walletRefusal = {
  code: 'payment_intent_authentication_failure',
  message:
    'The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent again.',
};

/** The codes beside which a `decline_code` says more. */
const named: readonly string[] = ['card_declined', 'authentication_required'];

export function declineError(
  decline: Decline,
  method: Stripe.PaymentMethod | null,
  charge: string | null,
): IntentError {
  return {
    type: 'card_error',
    ...(decline.advice === undefined ? {} : { advice_code: decline.advice }),
    ...(decline.networkCode === undefined ? {} : { network_decline_code: decline.networkCode }),
    code: decline.code,
    ...(named.includes(decline.code) ? { decline_code: decline.declineCode } : {}),
    doc_url: `https://stripe.com/docs/error-codes/${decline.code.replaceAll('_', '-')}`,
    message: decline.message,
    ...(charge === null ? {} : { charge }),
    ...(method === null ? {} : { payment_method: method }),
  };
}

/** 402 for what an intent ended in, with the intent in the body as Stripe sends it. */
export function thrownDecline(
  error: IntentError,
  extra: { payment_intent?: Stripe.PaymentIntent; setup_intent?: Stripe.SetupIntent },
  options: { keepsChanges: boolean } = { keepsChanges: true },
): StripeError {
  const body = { ...error, ...extra } as Omit<ErrorBody, 'type'> & { message: string };
  return cardError(body, options);
}
