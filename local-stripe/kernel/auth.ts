import { StripeError } from './errors.ts';

/** Checks `Authorization: Bearer sk_test_…` (or the key as Basic user, as curl -u sends it). */
export function assertTestKey(authorization: string | undefined): void {
  const key = readKey(authorization);
  if (key === null || key === '') {
    throw unauthorized(
      "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
    );
  }
  if (/^(sk|rk)_live_/.test(key)) {
    throw unauthorized(
      'This is a live key. The local Stripe takes test keys only (sk_test_… or rk_test_…); a live key should never be sent anywhere but to Stripe, so roll it if this was a mistake.',
    );
  }
  if (/^pk_/.test(key)) {
    throw new StripeError(403, {
      type: 'invalid_request_error',
      code: 'secret_key_required',
      message:
        'This API call cannot be made with a publishable API key. Please use a secret API key.',
    });
  }
  if (!/^(sk|rk)_test_\w+$/.test(key)) {
    throw unauthorized(`Invalid API Key provided: ${key.slice(0, 8)}****`);
  }
}

/** Refuses every other version than the one whose shapes we answer in. */
export function assertVersion(sent: string | undefined, ours: string): void {
  if (sent === undefined || sent === ours) return;
  throw new StripeError(400, {
    type: 'invalid_request_error',
    message: `Invalid Stripe API version: ${sent.slice(0, 100)}. The local Stripe answers in ${ours} only.`,
  });
}

/** There is one account here, so none is connected to it. */
export function assertOwnAccount(account: string | undefined): void {
  if (account === undefined || account === '') return;
  throw new StripeError(403, {
    type: 'invalid_request_error',
    code: 'account_invalid',
    message: `The provided key does not have access to account '${account.slice(0, 100)}' (or that account does not exist). The local Stripe does not imitate Connect.`,
  });
}

function readKey(authorization: string | undefined): string | null {
  if (authorization === undefined) return null;
  const [scheme = '', credentials = ''] = authorization.trim().split(/\s+/, 2);
  if (scheme.toLowerCase() === 'bearer') return credentials;
  if (scheme.toLowerCase() !== 'basic') return null;
  return Buffer.from(credentials, 'base64').toString('latin1').split(':', 1)[0] ?? null;
}

function unauthorized(message: string): StripeError {
  return new StripeError(401, { type: 'invalid_request_error', message });
}
