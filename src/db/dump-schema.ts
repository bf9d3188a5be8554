import pg from 'pg';
import { DEFAULT_BUCKET } from './buckets.ts';

/**
 * The tables as text: the schema `public`, then the bucket of metering. What a reviewer reads and a
 * test compares. The job queue's own schema and the ledger's monthly partitions are left out.
 */
export async function dumpSchemas(database: pg.Pool | pg.ClientBase): Promise<string> {
  const main = await dumpSchema(database, 'public');
  const bucket = await dumpSchema(database, DEFAULT_BUCKET);
  return `${main}\n-- Metering: the bucket ${DEFAULT_BUCKET}.\n\n${bucket}`;
}

/**
 * One schema, its own names without it. Made from the catalogue, since the bundled server comes
 * without `pg_dump`; the order is fixed, so equal schemas give equal text.
 */
export async function dumpSchema(
  database: pg.Pool | pg.ClientBase,
  schema: string,
): Promise<string> {
  if (!(database instanceof pg.Pool)) return dumpOver(database, schema);
  const client = await database.connect();
  try {
    return await dumpOver(client, schema);
  } finally {
    client.release();
  }
}

async function dumpOver(client: pg.ClientBase, schema: string): Promise<string> {
  const sections = [TYPES, DOMAINS, TABLES, SEQUENCES, INDEXES, VIEWS, FUNCTIONS, TRIGGERS];
  const parts: string[] = [];
  await client.query('begin');
  await client.query(`set local search_path = ${pg.escapeIdentifier(schema)}`);
  for (const section of sections) {
    const found = await client.query<{ ddl: string }>(section, [schema]);
    parts.push(...found.rows.map((row) => row.ddl.replace(/[ \t]+$/gm, '')));
  }
  await client.query('rollback');
  return `${parts.join('\n\n')}\n`;
}

const TYPES = `
  select format('create type %I as enum (%s);', t.typname,
    string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)) as ddl
  from pg_type t
  join pg_enum e on e.enumtypid = t.oid
  where t.typnamespace = $1::regnamespace
  group by t.typname
  order by t.typname`;

const DOMAINS = `
  select format('create domain %I as %s;', t.typname, format_type(t.typbasetype, t.typtypmod)) as ddl
  from pg_type t
  where t.typnamespace = $1::regnamespace and t.typtype = 'd'
  order by t.typname`;

const SEQUENCES = `
  select format('create sequence %I cache %s;', c.relname, s.seqcache) as ddl
  from pg_sequence s
  join pg_class c on c.oid = s.seqrelid
  where c.relnamespace = $1::regnamespace
  order by c.relname`;

const VIEWS = `
  select format(E'create view %I as\\n%s', c.relname, pg_get_viewdef(c.oid)) as ddl
  from pg_class c
  where c.relnamespace = $1::regnamespace and c.relkind = 'v'
  order by c.relname`;

/** Columns and constraints of each table. Not-null is shown at its column, as all versions do. */
const TABLES = `
  with parts as (
    select c.oid, 1 as kind, a.attnum::text as position,
      format('  %I %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
        case
          when a.attidentity = 'a' then ' generated always as identity'
          when d.oid is not null then ' default ' || pg_get_expr(d.adbin, d.adrelid)
          else '' end,
        case when a.attnotnull then ' not null' else '' end) as line,
      a.attnum::int as rank
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    union all
    select n.conrelid, 2, n.conname::text,
      format('  constraint %I %s', n.conname, pg_get_constraintdef(n.oid)), 0
    from pg_constraint n
    where n.contype in ('p', 'u', 'f', 'c')
  )
  select format(E'create table %I (\\n%s\\n)%s%s;', c.relname,
    string_agg(p.line, E',\\n' order by p.kind, p.rank, p.position),
    case when c.relkind = 'p' then ' partition by ' || pg_get_partkeydef(c.oid) else '' end,
    ' with (' || array_to_string(c.reloptions, ', ') || ')') as ddl
  from pg_class c
  join parts p on p.oid = c.oid
  where c.relnamespace = $1::regnamespace
    and c.relkind in ('r', 'p')
    and not c.relispartition
  group by c.oid, c.relname, c.relkind, c.reloptions
  order by c.relname`;

const INDEXES = `
  select pg_get_indexdef(i.indexrelid) || ';' as ddl
  from pg_index i
  join pg_class t on t.oid = i.indrelid
  join pg_class x on x.oid = i.indexrelid
  where t.relnamespace = $1::regnamespace
    and not t.relispartition
    and not exists (select from pg_constraint n where n.conindid = i.indexrelid and n.contype in ('p', 'u'))
  order by t.relname, x.relname`;

const FUNCTIONS = `
  select pg_get_functiondef(p.oid) || ';' as ddl
  from pg_proc p
  where p.pronamespace = $1::regnamespace
  order by p.proname, pg_get_function_identity_arguments(p.oid)`;

const TRIGGERS = `
  select pg_get_triggerdef(g.oid) || ';' as ddl
  from pg_trigger g
  join pg_class t on t.oid = g.tgrelid
  where t.relnamespace = $1::regnamespace
    and not g.tgisinternal
    and not t.relispartition
  order by t.relname, g.tgname`;
