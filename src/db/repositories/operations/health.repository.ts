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

/** How long the event that waits longest has been in the inbox, in seconds; 0 when none waits. */
export async function eventLagSeconds(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ lag: number | null }>(
    `select extract(epoch from clock_timestamp() - min(received_at))::float8 as lag
     from stripe_events where state = 'received'`,
  );
  return rows[0]!.lag ?? 0;
}
