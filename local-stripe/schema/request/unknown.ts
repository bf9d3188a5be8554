import { invalidRequest } from '../../kernel/errors.ts';
import type { StripeError } from '../../kernel/errors.ts';
import { paramName, within } from './place.ts';
import type { Place } from './place.ts';

/** Endpoints that took `payment_method_types` until 2026-09-30 and answer with a code of its own since. */
const WITHOUT_PAYMENT_METHOD_TYPES =
  /^POST \/v1\/(checkout\/sessions|payment_intents|setup_intents)\b/;

/** The answer to parameters that the endpoint does not take. */
export function unknownParams(unknown: string[], known: string[], place: Place): StripeError {
  const [first = ''] = unknown;
  const names = unknown.map((key) => paramName(within(place, key)));
  if (
    place.path.length === 0 &&
    unknown.includes('payment_method_types') &&
    WITHOUT_PAYMENT_METHOD_TYPES.test(place.endpoint)
  ) {
    return invalidRequest(
      'The `payment_method_types` parameter is no longer supported in this API version. Remove it to use ' +
        'dynamic payment methods, or use `allowed_payment_method_types` or `excluded_payment_method_types`.',
      'payment_method_types',
      'payment_method_types_no_longer_supported',
    );
  }
  if (unknown.length > 1) {
    return invalidRequest(
      `Received unknown parameters: ${names.join(', ')}`,
      names[0],
      'parameter_unknown',
    );
  }
  const meant = known.find((name) => isNear(name, first));
  const hint = meant === undefined ? '' : `. Did you mean ${meant}?`;
  return invalidRequest(
    `Received unknown parameter: ${names[0]}${hint}`,
    names[0],
    'parameter_unknown',
  );
}

/** At most two letters added, lost or changed. */
function isNear(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 2 || b.length < 4 || b.length > 60) return false;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return (row[b.length] ?? 9) <= 2;
}
