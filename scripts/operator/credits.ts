import { MICRO_PER_CREDIT } from '../../src/domain/billing/credits.ts';

/** µcr as credits. */
export const creditsOf = (micro: number) =>
  (micro / MICRO_PER_CREDIT).toLocaleString('en', { maximumFractionDigits: 6 });
