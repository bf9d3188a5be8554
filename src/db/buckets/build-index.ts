import type pg from 'pg';

export interface ConcurrentIndex {
  schema: string;
  name: string;
  /** What follows the name in `create index`, the schema of the table included. */
  on: string;
  unique?: boolean;
}

/**
 * Builds an index while its table is read and written. `client` is in no transaction, and nobody may wait
 * for what it holds inside of one: the build waits for all that are open. False when it was there; what a
 * build that was cut short left is built anew.
 */
export async function buildIndex(
  client: pg.ClientBase,
  { schema, name, on, unique = false }: ConcurrentIndex,
): Promise<boolean> {
  const { rows } = await client.query<{ isValid: boolean }>(
    `select indisvalid as "isValid" from pg_index where indexrelid = to_regclass($1)`,
    [`${schema}.${name}`],
  );
  if (rows[0]?.isValid) return false;
  if (rows.length > 0) await dropIndex(client, { schema, name });
  await client.query(`create ${unique ? 'unique ' : ''}index concurrently ${name} ${on}`);
  return true;
}

/** Takes an index away while its table is used, if it is there. `client` is in no transaction. */
export async function dropIndex(
  client: pg.ClientBase,
  { schema, name }: Pick<ConcurrentIndex, 'schema' | 'name'>,
): Promise<void> {
  await client.query(`drop index concurrently if exists ${schema}.${name}`);
}
