import type { Registry } from 'prom-client';
import type { Pool } from 'pg';
import { countJobs } from '../../../db/repositories/operations/health.repository.ts';
import { registerReading } from '../../metrics.ts';

/** Registers what `/metrics` shows of the job queue, by job. */
export function registerJobMetrics(registry: Registry, pool: Pool): void {
  registerReading(
    registry,
    {
      name: 'jobs_open',
      help: 'Jobs that could begin and have not (waiting), and those given up within a day (failed).',
      labelNames: ['job', 'state'],
    },
    async () =>
      (await countJobs(pool)).flatMap(({ job, waiting, failed }) => [
        { labels: { job, state: 'waiting' }, value: waiting },
        { labels: { job, state: 'failed' }, value: failed },
      ]),
  );
  registerReading(
    registry,
    {
      name: 'jobs_oldest_seconds',
      help: 'How long the job that waits longest could have begun; 0 when none waits.',
      labelNames: ['job'],
    },
    async () =>
      (await countJobs(pool)).map(({ job, lagSeconds }) => ({
        labels: { job },
        value: lagSeconds,
      })),
  );
}
