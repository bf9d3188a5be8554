import { systemClock } from '../clock.ts';
import { Operators } from '../services/operators/operators.ts';
import type { Foundation } from './foundation.ts';
import type { ProductServices } from './product-services.ts';

/** Wires what operators see and do: everything that the other services offer, seen from above. */
export function createOperators(
  { config, clock, database }: Foundation,
  { auth }: Pick<ProductServices, 'auth'>,
): Operators {
  const { passwords, secondFactors } = auth.own;
  return new Operators({
    ...{ db: database.db, pool: database.pool, clock, realTime: systemClock },
    ...{ limits: config.signIn, passwords, secondFactors },
  });
}
