import { invalidRequest } from '../../kernel/errors.ts';
import { minimumCharge, moneyText } from '../currencies.ts';

const largest = 99_999_999;

/** Throws 400 unless a card can be charged this: the currency's minimum, at most eight digits. */
export function assertAmount(amount: number, currency: string, param: string): void {
  if (!Number.isSafeInteger(amount) || amount < 1) {
    throw invalidRequest(
      'This value must be greater than or equal to 1.',
      param,
      'parameter_invalid_integer',
    );
  }
  const smallest = minimumCharge(currency);
  if (amount < smallest) {
    throw invalidRequest(
      `Amount must be at least ${moneyText(smallest, currency)} ${currency}`,
      param,
      'amount_too_small',
    );
  }
  if (amount > largest) {
    throw invalidRequest(
      `Amount must be no more than ${moneyText(largest, currency)}`,
      param,
      'amount_too_large',
    );
  }
}
