import type pg from 'pg';

/** False for a standby and for a server made read-only: it answers and can do nothing for us. */
export async function isWritable(pool: pg.Pool): Promise<boolean> {
  const { rows } = await pool.query<{ writable: boolean }>(
    `select current_setting('transaction_read_only') = 'off' as writable`,
  );
  return rows[0]?.writable === true;
}
