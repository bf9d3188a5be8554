import { invalidRequest } from '../../kernel/errors.ts';
import { minimumCharge, moneyText } from '../currencies.ts';

const largest = 99_999_999;

/** Throws 400 unless a card can be charged this: the currency's minimum, at most eight digits. */
export function assertAmount(amount: number, currency: string, param: string): void {
  if (!Number.isSafeInteger(amount) || amount < 1) {
    throw invalidRequest(
      'The amount must be greater than or equal to the minimum charge amount allowed for your account and the currency set (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).  If you want to save a Payment Method for future use without an immediate payment, use a Setup Intent instead: https://docs.stripe.com/payments/setup-intents',
      param,
      'parameter_invalid_integer',
    );
  }
  assertNotTooSmall(amount, currency, param);
  if (amount > largest) {
    throw invalidRequest(
      `Amount must be no more than ${moneyText(largest, currency)}`,
      param,
      'amount_too_large',
    );
  }
}

/** Throws 400 below the currency's minimum, which nothing is charged. */
export function assertNotTooSmall(amount: number, currency: string, param?: string): void {
  if (!isTooSmall(amount, currency)) return;
  throw invalidRequest(
    `Amount must be at least ${moneyText(minimumCharge(currency), currency)} ${currency}`,
    param,
    'amount_too_small',
  );
}

/** Whether an amount is less than what can be charged in that currency. */
export function isTooSmall(amount: number, currency: string): boolean {
  return amount < minimumCharge(currency);
}
