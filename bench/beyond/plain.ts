import { NOW, PERIOD, type BenchDatabase } from '../database.ts';
import type { Design } from '../designs.ts';

/** Draws that each account of the plain design has from before, as after a month of some use. */
const DRAWN_BEFORE = 300;

/**
 * What is built first: the account is locked, what was drawn of it is summed up, one more draw is
 * inserted, a transaction a call. It passes no balance, and knows neither heads nor expiries nor keys.
 */
export async function plainCredits(
  { pool }: BenchDatabase,
  tenants: readonly string[],
): Promise<Design> {
  await pool.query(`
    create table plain_accounts (tenant_id uuid primary key, granted bigint not null);
    create table plain_draws (
      id bigserial primary key,
      tenant_id uuid not null,
      period text not null,
      micro bigint not null,
      drawn_at timestamptz not null
    )`);
  await pool.query(
    `insert into plain_accounts select t, 1000000000000 from unnest($1::uuid[]) as w(t)`,
    [tenants],
  );
  await pool.query(
    `insert into plain_draws (tenant_id, period, micro, drawn_at)
     select t, $2, 1, $3 from unnest($1::uuid[]) as w(t), generate_series(1, ${DRAWN_BEFORE})`,
    [tenants, PERIOD, NOW],
  );
  await pool.query('create index on plain_draws (tenant_id) include (micro)');
  await pool.query('vacuum analyze plain_draws');
  return {
    name: 'the plain design: lock, sum, insert',
    async call(tenantId) {
      const client = await pool.connect();
      try {
        await client.query('begin');
        const { rows } = await client.query<{ granted: string }>({
          name: 'plain_account',
          text: 'select granted from plain_accounts where tenant_id = $1 for update',
          values: [tenantId],
        });
        const drawn = await client.query<{ micro: string }>({
          name: 'plain_drawn',
          text: 'select coalesce(sum(micro), 0) as micro from plain_draws where tenant_id = $1',
          values: [tenantId],
        });
        if (Number(drawn.rows[0]!.micro) + 1 > Number(rows[0]!.granted)) throw new Error('quota');
        await client.query({
          name: 'plain_draw',
          text: 'insert into plain_draws (tenant_id, period, micro, drawn_at) values ($1, $2, 1, $3)',
          values: [tenantId, PERIOD, NOW],
        });
        await client.query('commit');
      } finally {
        client.release();
      }
    },
  };
}
