import { setTimeout } from 'node:timers/promises';
import { isMigrated } from '../../../db/migrate.ts';
import { isWritable } from '../../../db/is-writable.ts';
import type { Clock } from '../../../domain/clock.ts';
import type { Database } from '../../../db/client.ts';
import { writeSetting } from '../../../db/repositories/operations/setting.repository.ts';
import type { Jobs } from '../../jobs.ts';

/** Without each of these a process can do nothing. */
export type Dependency = 'database' | 'jobs' | 'migrations';

/**
 * `bucketServers` is told beside them, and makes no process unready: the tenants of a server that is away are
 * refused by every process alike, and all the others served.
 */
export type Readiness = Record<Dependency | 'bucketServers', 'ok' | 'failing'>;

/** Where it is noted that a proxy stands before us whose word is not taken. */
export const UNTRUSTED_PROXY_SETTING = 'proxy.untrusted';

/** Where the result of the last verification of the ledger is noted. */
export const LAST_VERIFICATION_SETTING = 'usage_verification';

const TIMEOUT_MS = 2_000;

/** Whether this process can do its work. */
export class HealthService {
  private readonly database: Pick<Database, 'db' | 'pool' | 'buckets' | 'hasRoom'>;
  private readonly jobs: Pick<Jobs, 'ready'>;
  private readonly clock: Clock;
  private hasNotedProxy = false;

  constructor(deps: {
    database: Pick<Database, 'db' | 'pool' | 'buckets' | 'hasRoom'>;
    jobs: Pick<Jobs, 'ready'>;
    clock: Clock;
  }) {
    this.database = deps.database;
    this.jobs = deps.jobs;
    this.clock = deps.clock;
  }

  /**
   * Notes, once a process, that `X-Forwarded-For` came and nobody is trusted to say it: `doctor`
   * tells the operator.
   */
  noteUntrustedProxy(): void {
    if (this.hasNotedProxy) return;
    this.hasNotedProxy = true;
    const now = this.clock.now();
    writeSetting(this.database.db, UNTRUSTED_PROXY_SETTING, { at: now.toISOString() }, now).catch(
      () => {
        this.hasNotedProxy = false;
      },
    );
  }

  /** Asks every part at once; one that does not answer within 2 s is failing. */
  async check(): Promise<Readiness> {
    const { pool } = this.database;
    const [database, migrations, bucketServers] = await Promise.all([
      succeeds(isWritable(pool)),
      succeeds(isMigrated(pool)),
      succeeds(this.#areBucketServersWell()),
    ]);
    return {
      database: database && this.database.hasRoom() ? 'ok' : 'failing',
      jobs: this.jobs.ready ? 'ok' : 'failing',
      migrations: migrations ? 'ok' : 'failing',
      bucketServers: bucketServers ? 'ok' : 'failing',
    };
  }

  /** Whether every server that buckets lie on takes writes and has room for them. */
  async #areBucketServersWell(): Promise<boolean> {
    const { buckets, hasRoom } = this.database;
    const nodes = new Set((await buckets.list()).flatMap(({ node }) => node ?? []));
    const well = await Promise.all([...nodes].map((node) => isWritable(buckets.pool(node))));
    return well.every(Boolean) && [...nodes].every((node) => hasRoom(node));
  }
}

async function succeeds(check: Promise<boolean>): Promise<boolean> {
  const late = new AbortController();
  const inTime = setTimeout(TIMEOUT_MS, false, { signal: late.signal, ref: false });
  inTime.catch(() => undefined);
  try {
    return await Promise.race([check.catch(() => false), inTime]);
  } finally {
    late.abort();
  }
}
