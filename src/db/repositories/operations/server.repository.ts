import type { Pool } from 'pg';
import { LISTENER_NAME } from '../../listener.ts';

/** What a server lets our sessions do, and who is there now. */
export interface ServerRoom {
  /** Sessions that it, this database and our role allow together, less those kept for superusers. */
  places: number;
  /** Processes of the product that listen for changes in this database. */
  processes: number;
  /** Sessions that are not the product's. */
  others: number;
}

/** A limit of -1 is none, and superusers have none. */
export async function readServerRoom(pool: Pool): Promise<ServerRoom> {
  const { rows } = await pool.query<ServerRoom>(
    `select least(
              current_setting('max_connections')::int
                - current_setting('superuser_reserved_connections')::int
                - coalesce(current_setting('reserved_connections', true)::int, 0),
              (select nullif(rolconnlimit, -1) from pg_roles
               where rolname = current_user and not rolsuper),
              (select nullif(datconnlimit, -1) from pg_database, pg_roles
               where datname = current_database() and rolname = current_user and not rolsuper)
            ) as places,
            count(*) filter (where ours and application_name = $1)::int as processes,
            count(*) filter (where not ours)::int as others
     from (
       select application_name,
              datname = current_database() and application_name like 'squaretable%' as ours
       from pg_stat_activity where backend_type = 'client backend'
     ) session`,
    [LISTENER_NAME],
  );
  return rows[0]!;
}

/** Those settings that are off for our sessions, without which a commit does not outlive a power cut. */
export async function listLaxSettings(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select name from pg_settings
     where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting = 'off'
     order by 1`,
  );
  return rows.map(({ name }) => name);
}
