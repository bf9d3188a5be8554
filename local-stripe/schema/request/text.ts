import { invalidRequest } from '../../kernel/errors.ts';
import { isCurrency } from './currency.ts';
import { fieldName, paramName } from './place.ts';
import type { Place } from './place.ts';
import { shorten } from './shorten.ts';

const DEFAULT_LENGTH_MAX = 5000;

/** Lengths that Stripe documents for single parameters; everything else may have 5,000 characters. */
const lengthsMax: Record<string, number> = {
  client_reference_id: 200,
  email: 512,
  customer_email: 800,
  lookup_key: 200,
  statement_descriptor: 22,
  statement_descriptor_suffix: 22,
  unit_label: 12,
  code: 500,
  event_name: 100,
  identifier: 100,
};

/** A text that is not empty: its length, and the form of addresses, links and currencies. */
export function checkText(value: string, place: Place): string {
  const name = fieldName(place);
  const max = Object.hasOwn(lengthsMax, name)
    ? (lengthsMax[name] ?? DEFAULT_LENGTH_MAX)
    : DEFAULT_LENGTH_MAX;
  if (value.length > max) {
    throw invalidRequest(
      `Invalid string: ${shorten(value)}; must be at most ${max} characters`,
      paramName(place),
    );
  }
  if (name === 'currency') return checkCurrency(value, place);
  if (/(^|_)email$/.test(name)) return checkEmail(value, place);
  if (/(^|_)url$/.test(name) && place.endpoint.startsWith('POST')) return checkUrl(value, place);
  return value;
}

function checkCurrency(value: string, place: Place): string {
  const currency = value.toLowerCase();
  if (!isCurrency(currency)) {
    throw invalidRequest(`Invalid currency: ${shorten(currency)}.`, paramName(place));
  }
  return currency;
}

function checkEmail(value: string, place: Place): string {
  if (!/^[^\s@]+@[^\s@]+$/.test(value)) {
    throw invalidRequest(
      `Invalid email address: ${shorten(value)}`,
      paramName(place),
      'email_invalid',
    );
  }
  return value;
}

function checkUrl(value: string, place: Place): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) {
    throw invalidRequest(
      'Invalid URL: An explicit scheme (such as https) must be provided.',
      paramName(place),
      'url_invalid',
    );
  }
  if (!URL.canParse(value))
    throw invalidRequest('Not a valid URL', paramName(place), 'url_invalid');
  return value;
}
