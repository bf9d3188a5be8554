import { StripeError, invalidRequest } from '../../kernel/errors.ts';

/** Ids that the caller chooses: products and coupons. */
export function assertFreshId(id: string): void {
  if (!/^[\w.\- ]{1,200}$/.test(id)) {
    throw invalidRequest(
      'Ids may have up to 200 letters, digits, and the characters - _ . and space.',
      'id',
    );
  }
}

/** 400 `resource_already_exists`. */
export function alreadyExists(noun: string): StripeError {
  return new StripeError(400, {
    type: 'invalid_request_error',
    code: 'resource_already_exists',
    message: `${noun} already exists.`,
    param: 'id',
  });
}
