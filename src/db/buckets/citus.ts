import type pg from 'pg';

/** The first version whose schemas may be distributed as a whole. */
const OLDEST_CITUS = 12;

/** The version of Citus in this database; `undefined` where it is not. */
export async function findCitus(client: pg.ClientBase | pg.Pool): Promise<string | undefined> {
  const { rows } = await client.query<{ version: string }>(
    `select extversion as version from pg_extension where extname = 'citus'`,
  );
  return rows[0]?.version;
}

/**
 * Where Citus is in the database and has workers, has it place the bucket on one of them, in the
 * caller's transaction. False where it is not.
 */
export async function distributeBucket(client: pg.ClientBase, schema: string): Promise<boolean> {
  const version = await findCitus(client);
  if (version === undefined) return false;
  if (Number.parseInt(version, 10) < OLDEST_CITUS) {
    throw new Error(`Citus ${version} is too old: buckets need ${OLDEST_CITUS} or newer.`);
  }
  const { rows } = await client.query<{ workers: number }>(
    `select count(*)::int as workers from pg_dist_node
     where noderole = 'primary' and groupid <> 0 and shouldhaveshards`,
  );
  if (rows[0]!.workers === 0) return false;
  await allowTriggers(client);
  await client.query('select citus_schema_distribute($1::regnamespace)', [schema]);
  await propagateFunctions(client, schema);
  return true;
}

/** Our one trigger changes nothing but the row that it is called for, which Citus cannot know. */
export async function allowTriggers(client: pg.ClientBase): Promise<void> {
  await client.query('set local citus.enable_unsafe_triggers to on');
}

/** Those that take or answer rows of a table were kept from the workers while it was not there. */
async function propagateFunctions(client: pg.ClientBase, schema: string): Promise<void> {
  const { rows } = await client.query<{ definition: string }>(
    `select pg_get_functiondef(oid) as definition from pg_proc
     where pronamespace = $1::regnamespace order by oid`,
    [schema],
  );
  // Some call others by a name alone, along the search path of whoever calls them.
  await client.query(`set local search_path = ${schema}`);
  await client.query('set local check_function_bodies = off');
  for (const { definition } of rows) await client.query(definition);
  await client.query('set local search_path to default');
}
