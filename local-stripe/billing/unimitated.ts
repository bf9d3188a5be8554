import { invalidRequest } from '../kernel/errors.ts';

/** Refuses parameters that Stripe knows and we do not imitate, rather than act as if we did. */
export function refuseUnimitated(params: object, names: readonly string[], place = ''): void {
  const given = params as Record<string, unknown>;
  // Nobody computes tax here; to say so is better than to charge none.
  const tax = given.automatic_tax as { enabled?: boolean } | undefined;
  if (tax?.enabled === true) refuse(place, 'automatic_tax', '[enabled]');
  for (const name of names) {
    const value = given[name];
    if (value === undefined || value === null) continue;
    if (Array.isArray(value) && value.length === 0) continue;
    refuse(place, name);
  }
}

function refuse(place: string, name: string, rest = ''): never {
  const param = (place === '' ? name : `${place}[${name}]`) + rest;
  throw invalidRequest(`The local Stripe does not imitate \`${param}\`.`, param);
}
