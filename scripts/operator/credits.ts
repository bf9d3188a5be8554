import { GRANT_MICRO_MAX, MICRO_PER_CREDIT } from '../../src/domain/billing/credits.ts';
import { Mistyped } from './command.ts';

/** Credits that were typed, as 5 or 0.25: whole µcr of them. */
export function typedCredits(typed: string): number {
  const micro = Math.round(Number(typed) * MICRO_PER_CREDIT);
  if (/^\d{1,7}(\.\d{1,6})?$/.test(typed) && micro >= 1 && micro <= GRANT_MICRO_MAX) {
    return Number(typed);
  }
  throw new Mistyped(
    `"${typed}" is no number of credits: write 5 or 0.25, with six digits behind the point at most.`,
  );
}

/** µcr as credits. */
export const creditsOf = (micro: number) =>
  (micro / MICRO_PER_CREDIT).toLocaleString('en', { maximumFractionDigits: 6 });
