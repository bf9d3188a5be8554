import type { Context } from './context.ts';

/** The periodic tasks of metering. */
export function scheduleUsage({ jobs, services }: Pick<Context, 'jobs' | 'services'>): void {
  const { usage, usageBooks } = services;
  // Admission releases what stands in its way by itself; this is for what nobody asks about.
  jobs.every('usage-expiry', '* * * * *', async () => void (await usage.expireReservations()));
  jobs.every('usage-pruning', '41 * * * *', async () => void (await usage.pruneReservations()));
  jobs.every('usage-partitions', '7 */6 * * *', () => usage.ensurePartitions());
  jobs.every('usage-verify', '23 3 * * *', async () => void (await usageBooks.verify()));
}
