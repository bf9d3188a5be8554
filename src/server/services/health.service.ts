import { setTimeout } from 'node:timers/promises';
import type { Pool } from 'pg';
import { isMigrated } from '../../db/migrate.ts';
import { takesWrites } from '../../db/takes-writes.ts';
import type { Jobs } from '../jobs.ts';

export type Part = 'database' | 'jobs' | 'migrations';
export type Readiness = Record<Part, 'ok' | 'failing'>;

const PATIENCE_MS = 2_000;

/** Whether this process can do its work. */
export class HealthService {
  private readonly pool: Pool;
  private readonly jobs: Pick<Jobs, 'ready'>;

  constructor(deps: { pool: Pool; jobs: Pick<Jobs, 'ready'> }) {
    this.pool = deps.pool;
    this.jobs = deps.jobs;
  }

  /** Asks every part at once; one that does not answer within 2 s is failing. */
  async check(): Promise<Readiness> {
    const [database, migrations] = await Promise.all([
      succeeds(takesWrites(this.pool)),
      succeeds(isMigrated(this.pool)),
    ]);
    return {
      database: database ? 'ok' : 'failing',
      jobs: this.jobs.ready ? 'ok' : 'failing',
      migrations: migrations ? 'ok' : 'failing',
    };
  }
}

async function succeeds(check: Promise<boolean>): Promise<boolean> {
  const late = new AbortController();
  const inTime = setTimeout(PATIENCE_MS, false, { signal: late.signal, ref: false });
  inTime.catch(() => undefined);
  try {
    return await Promise.race([check.catch(() => false), inTime]);
  } finally {
    late.abort();
  }
}
