import { systemClock } from '../clock.ts';
import { Operators } from '../services/operators/operators.ts';
import type { LedgerVerificationService } from '../services/usage/ledger/ledger-verification.service.ts';
import type { UsageService } from '../services/usage.service.ts';
import type { BillingServices } from './billing-services.ts';
import type { Foundation } from './foundation.ts';
import type { ProductServices } from './product-services.ts';

/** Wires what operators see and do: everything that the other services offer, seen from above. */
export function createOperators(
  { config, clock, database }: Foundation,
  services: ProductServices &
    BillingServices & { usage: UsageService; ledgerVerification: LedgerVerificationService },
): Operators {
  const { passwords, secondFactors } = services.auth.own;
  const { db, pool, buckets } = database;
  return new Operators({
    ...services,
    ...{ db, pool, buckets, clock, realTime: systemClock },
    ...{ limits: config.signIn, passwords, secondFactors },
    credits: services.usage.credits,
    config,
  });
}
