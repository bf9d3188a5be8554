import type { Pool } from 'pg';

/** What the database's own clock says. */
export async function databaseTime(pool: Pool): Promise<Date> {
  const { rows } = await pool.query<{ now: Date }>('select clock_timestamp() as now');
  return rows[0]!.now;
}

/** How long the job that waits longest could have been under way, in seconds; 0 when none waits. */
export async function jobLagSeconds(pool: Pool): Promise<number> {
  const { rows: known } = await pool.query<{ table: string | null }>(
    `select to_regclass('pgboss.job')::text as table`,
  );
  if (known[0]!.table === null) return 0;
  const { rows } = await pool.query<{ lag: number | null }>(
    `select extract(epoch from clock_timestamp() - min(start_after))::float8 as lag
     from pgboss.job where state in ('created', 'retry') and start_after < clock_timestamp()`,
  );
  return rows[0]!.lag ?? 0;
}

export interface JobCount {
  job: string;
  waiting: number;
  /** How long the one that waits longest could have been under way; 0 when none waits. */
  lagSeconds: number;
  /** Given up, of those that are still kept: a day. */
  failed: number;
}

/** The jobs of each queue that has been opened; those of the queue's own housekeeping are left out. */
export async function countJobs(pool: Pool): Promise<JobCount[]> {
  const { rows: known } = await pool.query<{ table: string | null }>(
    `select to_regclass('pgboss.job')::text as table`,
  );
  if (known[0]!.table === null) return [];
  const { rows } = await pool.query<JobCount>(
    `select queue.name as job,
            count(*) filter (where waits)::int as waiting,
            coalesce(extract(epoch from clock_timestamp() - min(start_after) filter (where waits)),
              0)::float8 as "lagSeconds",
            count(*) filter (where state = 'failed')::int as failed
     from pgboss.queue left join (
       select name, state, start_after,
              state in ('created', 'retry') and start_after < clock_timestamp() as waits
       from pgboss.job where state in ('created', 'retry', 'failed')
     ) job on job.name = queue.name
     where queue.name not like '\\_\\_%'
     group by queue.name`,
  );
  return rows;
}

/** How long the event that waits longest has been in the inbox, in seconds; 0 when none waits. */
export async function eventLagSeconds(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ lag: number | null }>(
    `select extract(epoch from clock_timestamp() - min(received_at))::float8 as lag
     from stripe_events where state = 'received'`,
  );
  return rows[0]!.lag ?? 0;
}

/** The version of the server, as `18.4`. */
export async function databaseVersion(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ version: string }>(
    `select current_setting('server_version') as version`,
  );
  return rows[0]!.version;
}
