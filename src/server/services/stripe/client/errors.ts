import { Stripe } from 'stripe';
import { BillingError } from '../../../../domain/errors.ts';

const { errors } = Stripe;

/**
 * Runs a call to Stripe and turns what it throws into our errors: nobody outside learns Stripe's
 * words or ids. Away, overloaded or refusing our key: 503 `stripe_unavailable`. A card that says
 * no: 402 `payment_required`. What Stripe finds wrong with the request itself is thrown as it is,
 * for the caller to judge by `isMissing` and its kin.
 */
export async function callStripe<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toBillingError(error) ?? error;
  }
}

function toBillingError(error: unknown): BillingError | undefined {
  if (error instanceof errors.StripeCardError) {
    return new BillingError(
      'payment_required',
      'The card was declined; pay with another one, or ask the bank.',
      { data: { declineCode: error.decline_code ?? error.code ?? null }, cause: error },
    );
  }
  if (isKeyRefused(error)) return unavailable(60, error);
  return isAway(error) ? unavailable(5, error) : undefined;
}

function unavailable(retryAfterSeconds: number, cause: unknown): BillingError {
  return new BillingError(
    'stripe_unavailable',
    'The payment service cannot be reached right now; nothing was changed. Try again shortly.',
    { retryAfterSeconds, cause },
  );
}

function isKeyRefused(error: unknown): boolean {
  return (
    error instanceof errors.StripeAuthenticationError ||
    error instanceof errors.StripePermissionError
  );
}

/** Worth another try later: no answer, 429, 5xx, or an object that is locked (409). */
function isAway(error: unknown): boolean {
  return (
    error instanceof errors.StripeConnectionError ||
    error instanceof errors.StripeRateLimitError ||
    error instanceof errors.StripeAPIError
  );
}

/** True for the error that `callStripe` makes of a Stripe that is away. */
export function isStripeUnavailable(error: unknown): error is BillingError {
  return error instanceof BillingError && error.code === 'stripe_unavailable';
}

/**
 * True when a call was sent and no answer came: it may have taken effect, or still take it. An
 * answer of 429 or 5xx says at least that it is over.
 */
export function hasNoAnswer(error: unknown): boolean {
  return isStripeUnavailable(error) && error.cause instanceof errors.StripeConnectionError;
}

/** Stripe does not have, or no longer has, the object asked for. */
export function isMissing(error: unknown): boolean {
  return error instanceof errors.StripeInvalidRequestError && error.code === 'resource_missing';
}

/** Stripe is to work out a customer's tax and does not know where the customer is. */
export function isLocationUnknown(error: unknown): boolean {
  return (
    error instanceof errors.StripeInvalidRequestError &&
    error.code === 'customer_tax_location_invalid'
  );
}

/** The idempotency key was used before with other parameters. */
export function isIdempotencyConflict(error: unknown): boolean {
  return error instanceof errors.StripeIdempotencyError;
}

/** The request does not fit the object's present state (or never could). */
export function isRefused(error: unknown): boolean {
  return error instanceof errors.StripeInvalidRequestError;
}

/**
 * What Stripe refused, in our words and with what to do: the one translation. `undefined` for what
 * is no refusal of Stripe's.
 */
export function refusalOf(error: unknown): BillingError | undefined {
  if (!(error instanceof errors.StripeInvalidRequestError)) return undefined;
  if (error.code === 'resource_missing' && /customer/i.test(`${error.param} ${error.message}`)) {
    return new BillingError(
      'no_subscription',
      'The billing account no longer exists at the payment service; choose a plan to begin anew.',
      { cause: error },
    );
  }
  if (isCurrencyConflict(error)) {
    return new BillingError(
      'currency_conflict',
      'This price is in another currency than what is running or still to be paid. Choose a price in that currency, or begin anew when it has ended.',
      { cause: error },
    );
  }
  return new BillingError(
    'state_changed',
    'The subscription has changed in the meantime; look at it again and repeat if you still want to.',
    { cause: error },
  );
}

/**
 * Of `currencies` the one that Stripe's refusal names as what the customer is billed in already;
 * `undefined` when the error is another, or names none of them.
 */
export function conflictingCurrency(
  error: unknown,
  currencies: readonly string[],
): string | undefined {
  if (!(error instanceof errors.StripeInvalidRequestError) || !isCurrencyConflict(error)) return;
  const words = error.message.toLowerCase().match(/\b[a-z]{3}\b/g) ?? [];
  return words.findLast((word) => currencies.includes(word));
}

function isCurrencyConflict(error: InstanceType<typeof errors.StripeInvalidRequestError>): boolean {
  return /currenc/i.test(error.message);
}
