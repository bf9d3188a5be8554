import { invalidRequest } from '../kernel/errors.ts';

/** Refuses parameters that Stripe knows and we do not imitate, rather than act as if we did. */
export function refuseUnsupported(params: object, names: readonly string[], place = ''): void {
  const given = params as Record<string, unknown>;
  for (const name of names) {
    const value = given[name];
    if (value === undefined || value === null) continue;
    if (Array.isArray(value) && value.length === 0) continue;
    const param = place === '' ? name : `${place}[${name}]`;
    throw invalidRequest(`The local Stripe does not imitate \`${param}\`.`, param);
  }
}
