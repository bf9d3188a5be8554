import type { Readable } from 'node:stream';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import {
  FORMULA,
  FORMULA_WITHIN,
  NUMBER,
  PARTING,
} from '../../../domain/accounts/files/formulas.ts';
import type { Period } from '../../../domain/period.ts';
import type { Bucket } from './bucket.ts';

/** Text as `csvLine` writes it: with a quote before what a spreadsheet would take for a formula. */
export const text = (column: string) =>
  `case when ${column} ~ '${FORMULA}' and ${column} !~ '${NUMBER}' then '''' else '' end
    || case when ${column} ~ '${PARTING}'
      then regexp_replace(${column}, '${FORMULA_WITHIN}', '''', 'g') else ${column} end`;

/**
 * A tenant's ledger of one month as CSV with a header, row by row as the server makes it: memory
 * does not grow with the number of rows. Destroy the stream to stop early. `undefined` when the
 * tenant is not in this bucket, seen in the same instant as its rows. With `only`, the entries of that
 * person alone.
 */
export async function streamLedgerCsv(
  bucket: Bucket<pg.Pool>,
  tenantId: string,
  period: Period,
  only?: string,
): Promise<Readable | undefined> {
  const isTold = only === undefined ? 'true' : `metadata ->> 'userId' = ${literal(only)}`;
  return streamCsv(
    bucket,
    tenantId,
    `
    select id, ${utc('occurred_at')}, ${utc('created_at', 'recorded_at')}, resource_type, amount,
      ${text('idempotency_key')} as idempotency_key, reservation_id, ${text('actor')} as actor,
      ${text('reason')} as reason, ${text('metadata::text')} as metadata, reverses_id
    from ${bucket.schema}.usage
    where tenant_id = ${literal(tenantId)} and period = ${literal(period)} and ${isTold}
    order by created_at, id`,
  );
}

/** Which days, both included, `YYYY-MM-DD`. */
export interface DaySpan {
  from: string;
  to: string;
}

/** Whose is told apart, and what all others together are called. */
export interface MemberFilter {
  id: string;
  others: string;
}

export interface Member {
  id: string;
  name: string;
}

/**
 * A tenant's usage of some days as people read it: a row a UTC day, resource, member and model, the
 * oldest first, as CSV with a header. Who asked and which model answered stand where the ledger
 * knows them; with `only`, those of that person, and all others together. Of `archived`
 * months the days are known, and nothing more of them. `undefined` when the tenant is not in this bucket.
 */
export function streamReportCsv(
  bucket: Bucket<pg.Pool>,
  tenantId: string,
  span: DaySpan,
  members: readonly Member[],
  archived: readonly Period[],
  only?: MemberFilter,
): Promise<Readable | undefined> {
  const [from, to] = [literal(span.from), literal(span.to)];
  const tenant = `tenant_id = ${literal(tenantId)}
      and period between ${literal(span.from.slice(0, 7))} and ${literal(span.to.slice(0, 7))}`;
  const isArchived = `period in (${[...archived, ''].map(literal).join(', ')})`;
  const dayOf = `(period || '-' || lpad(day::text, 2, '0'))`;
  // One that nobody has, so that the list is never empty; who left keeps a number.
  const known = [...members, { id: OTHERS, name: only?.others ?? '' }]
    .map(({ id, name }) => `(${literal(id)}, ${literal(name)})`)
    .join(', ');
  // Whose it is not, is neither told who asked nor which model answered.
  const of = (fact: string, other: string) =>
    only === undefined
      ? `metadata ->> ${literal(fact)}`
      : `case when metadata ->> 'userId' = ${literal(only.id)} then metadata ->> ${literal(fact)} else ${other} end`;
  return streamCsv(
    bucket,
    tenantId,
    `
    with found as (
      select to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD') as day, resource_type,
        amount, ${of('userId', literal(OTHERS))} as member_id, ${of('model', 'null')} as model
      from ${bucket.schema}.usage
      where ${tenant} and not ${isArchived}
      union all
      select ${dayOf}, resource_type, amount, null, null
      from ${bucket.schema}.usage_days where ${tenant} and ${isArchived}
      union all
      select ${dayOf}, resource_type, day_used, null, null
      from ${bucket.schema}.usage_totals where ${tenant} and ${isArchived}
    )
    select day, resource_type as resource, sum(amount) as amount,
      ${text('coalesce(members.name, member_id)')} as member, ${text('model')} as model
    from found left join (values ${known}) as members (id, name) on members.id = member_id
    where day between ${from} and ${to}
    group by day, resource_type, member_id, members.name, model
    having sum(amount) <> 0
    order by day, resource_type, members.name, member_id, model`,
  );
}

/** No person's id. */
const OTHERS = '';

const literal = (value: string) => pg.escapeLiteral(value);

/**
 * What `query` finds as CSV; `undefined` when the tenant is not in this bucket, seen in the same
 * instant as the rows. COPY takes no parameters: values stand in the query as literals.
 */
export async function streamCsv(
  bucket: Bucket<pg.Pool>,
  tenantId: string,
  query: string,
  { header = true }: { header?: boolean } = {},
): Promise<Readable | undefined> {
  const client = await bucket.client.connect();
  try {
    await client.query('begin isolation level repeatable read, read only');
    const known = await client.query(
      `select from ${bucket.schema}.usage_tenants where tenant_id = $1`,
      [tenantId],
    );
    if (known.rowCount === 1) return copyOut(client, query, header);
    await client.query('rollback');
    client.release();
    return undefined;
  } catch (error) {
    client.release(error as Error);
    throw error;
  }
}

/** The transaction ends, and the connection is given back, when the stream is read or destroyed. */
function copyOut(client: pg.PoolClient, query: string, header: boolean): Readable {
  const stream = client.query(
    copyTo(`copy (${query}) to stdout with (format csv, header ${header})`),
  );
  let ended = false;
  stream.once('end', () => {
    ended = true;
    client.query('rollback').then(
      () => client.release(),
      (error: Error) => client.release(error),
    );
  });
  // The library tells of a lost connection and stays open; its readers, and what they hold, wait for the end.
  stream.once('error', () => stream.destroy());
  // Whoever stops reading half-way leaves the rest on the connection, which is then of no use.
  stream.once('close', () => {
    if (!ended) client.release(true);
    ended = true;
  });
  return stream;
}

/** An instant as text, in UTC. */
export function utc(column: string, name = column): string {
  const format = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;
  return `to_char(${column} at time zone 'UTC', ${format}) as ${name}`;
}
