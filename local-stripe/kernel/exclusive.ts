import { StripeError, missingParam } from './errors.ts';

/** Exactly one of the parameters is given. Throws `parameter_missing` or `parameters_exclusive`. */
export function assertOneOf(params: object, names: [string, ...string[]], within = ''): void {
  const given = assertAtMostOneOf(params, names, within);
  if (given === null) throw missingParam(place(names[0], within));
}

/** At most one of the parameters is given; answers which, or null. */
export function assertAtMostOneOf(params: object, names: string[], within = ''): string | null {
  const hash = params as Record<string, unknown>;
  const given = names.filter((name) => hash[name] !== undefined && hash[name] !== null);
  if (given.length > 1) {
    throw new StripeError(400, {
      type: 'invalid_request_error',
      code: 'parameters_exclusive',
      message: `You may only specify one of these parameters: ${given.join(', ')}.`,
      param: place(given[0] ?? '', within),
    });
  }
  return given[0] ?? null;
}

const place = (name: string, within: string): string =>
  within === '' ? name : `${within}[${name}]`;
