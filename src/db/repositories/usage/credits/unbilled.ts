import type { Readable } from 'node:stream';
import pg from 'pg';
import {
  detailsInOrder,
  lineKey,
  type DrawnSum,
  type LineDetail,
  type ProofFormat,
} from '../../../../domain/billing/statement.ts';
import type { Period } from '../../../../domain/period.ts';
import type { ResourceType } from '../../../../domain/quota.ts';
import type { Bucket } from '../bucket.ts';
import { streamCsv } from '../export.ts';

/** Who used overage that no statement has yet. */
export interface Unbilled {
  tenantId: string;
  /** µcr that no statement has told the account of; negative where more was taken back. */
  micro: number;
  /** Half of what may be unpaid is reached, without what a bank took back and nobody can pay. */
  isOverThreshold: boolean;
  /** The first month of which any overage was used. */
  firstPeriod: Period | null;
}

/** As text, for JavaScript would round its numbers. */
type Account = Pick<Unbilled, 'firstPeriod'> & { account: string; micro: string };

/** Everybody of a bucket whose unpaid overage is more, or less, than what statements have of it. */
export async function listUnbilled({ schema, client }: Bucket): Promise<Unbilled[]> {
  const { rows: accounts } = await client.query<Account>({
    text: `select to_jsonb(a)::text as account, u.micro::text,
        (select min(period) from ${schema}.overage_periods p
          where p.tenant_id = a.tenant_id and p.used_micro > 0) as "firstPeriod"
      from ${schema}.credit_accounts a
      cross join lateral (
        select a.unpaid_micro - a.overage_left - coalesce(sum(b.micro), 0) as micro, count(*) as bills
        from ${schema}.overage_bills b
        where b.tenant_id = a.tenant_id and b.state in ('billed', 'failed', 'lost')
      ) u
      where (a.unpaid_micro <> 0 or u.bills > 0) and u.micro <> 0
      order by a.tenant_id`,
  });
  if (accounts.length === 0) return [];
  // Asked apart: Citus gives a function that is called over a table the worker's rows, which it cannot take.
  const { rows } = await client.query<Omit<Unbilled, 'micro'> & { micro: string }>({
    text: `select a.tenant_id as "tenantId", o."firstPeriod", o.micro,
        u.unbilled > 0 and u.unbilled * 2 + u.lost >= ${schema}.credit_exposure(a) * 1000000.0
          as "isOverThreshold"
      from unnest($1::jsonb[], $2::numeric[], $3::text[]) as o(account, micro, "firstPeriod")
      cross join jsonb_populate_record(null::${schema}.credit_accounts, o.account) as a
      cross join ${schema}.credit_unpaid(a) as u
      order by 1`,
    values: [
      accounts.map(({ account }) => account),
      accounts.map(({ micro }) => micro),
      accounts.map(({ firstPeriod }) => firstPeriod),
    ],
  });
  return rows.map((row) => ({ ...row, micro: Number(row.micro) }));
}

/** Whether work of a month, or of one before it, may still be settled. */
export async function hasOpenHold(
  { schema, client }: Bucket,
  tenantId: string,
  period: Period,
): Promise<boolean> {
  const { rowCount } = await client.query({
    text: `select from ${schema}.usage_reservations
      where tenant_id = $1 and state = 'open' and period <= $2 limit 1`,
    values: [tenantId, period],
  });
  return (rowCount ?? 0) > 0;
}

export type OverageSum = DrawnSum & { currency: string; firstSeq: number; details: LineDetail[] };

/** Movements of an account by their numbers, both included. */
export interface SeqRange {
  from: number;
  to: number;
}

/**
 * The first movement of overage in a run that takes back what is in one of `ranges`, and the first that does
 * not; null where there is none.
 */
export async function findTakenBack(
  { schema, client }: Bucket,
  tenantId: string,
  { from, to }: SeqRange,
  ranges: readonly SeqRange[],
): Promise<{ back: number | null; other: number | null }> {
  const { rows } = await client.query<Record<'back' | 'other', string | null>>({
    text: `select min(seq) filter (where is_back) as back, min(seq) filter (where not is_back) as other
      from (
        select seq, coalesce($4::int8multirange @> reverses_seq, false) as is_back
        from ${schema}.credit_draws
        where tenant_id = $1 and seq between $2 and $3 and kind = 'overage'
      ) as d`,
    values: [tenantId, from, to, `{${ranges.map((one) => `[${one.from},${one.to}]`).join()}}`],
  });
  const { back, other } = rows[0]!;
  return {
    back: back === null ? null : Number(back),
    other: other === null ? null : Number(other),
  };
}

/** What an account drew of overage by the numbers `from` to `to`, summed as it is billed, and by model and card. */
export async function sumOverage(
  { schema, client }: Bucket,
  tenantId: string,
  { from, to }: SeqRange,
): Promise<OverageSum[]> {
  type Row = Record<'rate_micro' | 'units' | 'micro' | 'first_seq', string> & {
    period: Period;
    resource_type: ResourceType;
    currency: string;
    minor_per_credit: string;
    model: string | null;
    rate_card: number | null;
  };
  const { rows } = await client.query<Row>({
    text: `select period, resource_type, rate_micro, currency, minor_per_credit, model, rate_card,
        sum(units) as units, sum(micro) as micro, min(seq) as first_seq
      from ${schema}.credit_draws
      where tenant_id = $1 and seq between $2 and $3 and kind = 'overage'
      group by 1, 2, 3, 4, 5, 6, 7`,
    values: [tenantId, from, to],
  });
  const parts = rows.map((row) => ({
    period: row.period,
    resourceType: row.resource_type,
    rateMicro: Number(row.rate_micro),
    currency: row.currency,
    minorPerCredit: row.minor_per_credit,
    units: Number(row.units),
    micro: Number(row.micro),
    firstSeq: Number(row.first_seq),
    model: row.model,
    rateCard: row.rate_card,
  }));
  const sums = Map.groupBy(parts, (part) => `${part.currency} ${lineKey(part)}`);
  return [...sums.values()].map(summed);
}

type OveragePart = Omit<OverageSum, 'details'> & Pick<LineDetail, 'model' | 'rateCard'>;

function summed(parts: OveragePart[]): OverageSum {
  const { model: _model, rateCard: _card, ...key } = parts[0]!;
  const total = (of: 'units' | 'micro') => parts.reduce((sum, part) => sum + part[of], 0);
  return {
    ...key,
    units: total('units'),
    micro: total('micro'),
    firstSeq: Math.min(...parts.map(({ firstSeq }) => firstSeq)),
    details: detailsInOrder(
      parts.map(({ model, rateCard, units, micro }) => ({ model, rateCard, units, micro })),
    ),
  };
}

/** The number of an account's last movement; `undefined` for who has none here. */
export async function findLastSeq(
  { schema, client }: Bucket,
  tenantId: string,
): Promise<number | undefined> {
  const { rows } = await client.query<{ last_seq: string }>({
    text: `select last_seq from ${schema}.credit_accounts where tenant_id = $1`,
    values: [tenantId],
  });
  return rows[0] && Number(rows[0].last_seq);
}

export type ProofRange = SeqRange & { format: ProofFormat };

/** What a row says of the model: text without what a cell must not have, as `plainModel` writes it. */
const NAMED: Record<ProofFormat, string> = {
  1: `''`,
  2: `replace(replace(replace(replace(replace(model, '%', '%25'), ',', '%2C'), '"', '%22'),
       E'\\n', '%0A'), E'\\r', '%0D'), rate_card`,
};

/**
 * The movements `from` to `to` as rows of a statement's proof, in order. They never change: movements
 * are append only. `undefined` when the tenant is not in this bucket.
 */
export function streamProofRows(
  bucket: Bucket<pg.Pool>,
  tenantId: string,
  { from, to, format }: ProofRange,
): Promise<Readable | undefined> {
  return streamCsv(
    bucket,
    tenantId,
    `select 'draw', seq, to_char(drawn_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
       period, kind, grant_id, resource_type, ${NAMED[format]}, units, rate_micro, trim_scale(minor_per_credit),
       micro, reverses_seq
     from ${bucket.schema}.credit_draws
     where tenant_id = ${pg.escapeLiteral(tenantId)} and seq between ${Math.trunc(from)} and ${Math.trunc(to)}
     order by seq`,
    { header: false },
  );
}
