import type { RawParams } from '../../kernel/form.ts';
import { alternatives, getEndpoint } from '../document.ts';
import type { JsonSchema } from '../json-schema.ts';
import { assertImitated } from '../unsupported.ts';
import { coerceObject } from './coerce.ts';
import { assertExpandable } from './expand.ts';

const noParams: JsonSchema = { type: 'object', properties: {}, additionalProperties: false };

/**
 * The parameters of a request to `METHOD /v1/path/:id`, typed as the SDK types them, but that a
 * Decimal is its digits, and that unsetting is always null (a form cannot tell it from `''`).
 * Throws a `StripeError` (400) worded as Stripe's: `parameter_unknown`, `parameter_missing`,
 * `parameter_invalid_integer`, `parameter_invalid_empty`, or one with only `param`.
 */
export function validateRequest(endpoint: string, raw: RawParams): Record<string, unknown> {
  const { params: declared } = getEndpoint(endpoint);
  const [schema = noParams] = declared ? alternatives(declared) : [noParams];
  const params = coerceObject(schema, raw, { endpoint, path: [] });
  assertImitated(endpoint, params);
  assertExpandable(endpoint, (params.expand ?? []) as string[]);
  return params;
}
