import { invalidRequest } from '../kernel/errors.ts';

const largest = 99_999_999;
const zeroDecimal = new Set(
  'bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf'.split(' '),
);

/** What a card can be charged: at least about half a dollar, at most eight digits. */
export function assertAmount(amount: number, currency: string, param: string): void {
  const smallest = zeroDecimal.has(currency) ? 50 : currency === 'cny' ? 400 : 50;
  if (!Number.isSafeInteger(amount) || amount < 1) {
    throw invalidRequest(
      'This value must be greater than or equal to 1.',
      param,
      'parameter_invalid_integer',
    );
  }
  if (amount < smallest) {
    throw invalidRequest(
      `Amount must be at least ${smallest} in the smallest unit of ${currency}.`,
      param,
      'amount_too_small',
    );
  }
  if (amount > largest) {
    throw invalidRequest('Amount must be no more than 99999999.', param, 'amount_too_large');
  }
}
