import { readMigrationFiles } from 'drizzle-orm/migrator';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import { PLAN_CATALOGUE, PLANS } from '../domain/plans.ts';
import { RESOURCE_TYPES } from '../domain/quota.ts';

const FOLDER = `${import.meta.dirname}/migrations`;
const LOCK = 'squaretable:migrate';
const OLDEST_SERVER = 150_000;

/**
 * Brings the database's tables up to date. Processes that start at once take turns. Throws one
 * sentence when the server is older than what the migrations need.
 */
export async function migrateDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'squaretable migrate' });
  await client.connect();
  try {
    const version = await client.query<{ server_version_num: string }>('show server_version_num');
    const found = Number(version.rows[0]!.server_version_num);
    if (found < OLDEST_SERVER) {
      throw new Error(
        `PostgreSQL ${Math.floor(found / 10_000)} is too old: DATABASE_URL needs 15 or newer.`,
      );
    }
    await client.query(`set client_min_messages = warning`);
    await client.query(`select pg_advisory_lock(hashtextextended($1, 0))`, [LOCK]);
    await migrate(drizzle(client), { migrationsFolder: FOLDER });
    await writePlanLimits(client);
  } finally {
    await client.end();
  }
}

/** The catalogue in the code is the truth; admission reads this copy of it. */
async function writePlanLimits(client: pg.Client): Promise<void> {
  const rows = PLANS.flatMap((plan) =>
    RESOURCE_TYPES.map((resource) => [plan, resource, PLAN_CATALOGUE[plan].limits[resource]]),
  );
  await client.query(
    `insert into plan_limits as l (plan, resource_type, "limit")
     select plan::plan, resource::resource_type, "limit"::bigint
     from jsonb_to_recordset($1) as r(plan text, resource text, "limit" text)
     on conflict (plan, resource_type) do update set "limit" = excluded."limit"
     where l."limit" is distinct from excluded."limit"`,
    [JSON.stringify(rows.map(([plan, resource, limit]) => ({ plan, resource, limit })))],
  );
}

/** Whether every migration of this release is in: what `/readyz` asks. */
export async function isMigrated(pool: pg.Pool): Promise<boolean> {
  const latest = readMigrationFiles({ migrationsFolder: FOLDER }).at(-1)!.folderMillis;
  const done = await pool.query<{ at: string | null }>(
    `select max(created_at) as at from drizzle.__drizzle_migrations`,
  );
  return Number(done.rows[0]!.at) >= latest;
}
