import type pg from 'pg';

export interface ConcurrentIndex {
  schema: string;
  table: string;
  name: string;
  columns: string;
  unique?: boolean;
}

/**
 * Builds an index while its table is read and written; what a build that was cut short left is built anew.
 * `client` is in no transaction, and nobody may wait for what it holds inside of one: the build waits for all
 * that are open.
 */
export async function buildIndex(
  client: pg.ClientBase,
  { schema, table, name, columns, unique = false }: ConcurrentIndex,
): Promise<void> {
  const { rows } = await client.query<{ isValid: boolean }>(
    `select indisvalid as "isValid" from pg_index where indexrelid = to_regclass($1)`,
    [`${schema}.${name}`],
  );
  if (rows[0]?.isValid) return;
  if (rows.length > 0) await dropIndex(client, { schema, name });
  const kind = unique ? 'unique index' : 'index';
  await client.query(`create ${kind} concurrently ${name} on ${schema}.${table} (${columns})`);
}

/** Takes an index away while its table is used, if it is there. `client` is in no transaction. */
export async function dropIndex(
  client: pg.ClientBase,
  { schema, name }: Pick<ConcurrentIndex, 'schema' | 'name'>,
): Promise<void> {
  await client.query(`drop index concurrently if exists ${schema}.${name}`);
}
