import type pg from 'pg';
import type { RateCard } from '../../../../domain/billing/usage/rate-card.ts';
import type { Period } from '../../../../domain/period.ts';
import type { Bucket } from '../bucket.ts';

/** A charge that its raw counts and its card do not make. */
export interface RatedDifference {
  /** The bucket's schema. */
  bucket: string;
  tenantId: string;
  period: Period;
  /** The row of the ledger. */
  id: string;
  card: number;
  model: string | null;
  /** Units, as they are recorded. */
  recorded: number;
  /** Units by the raw counts; null for a card that was never published, or that does not weigh the model. */
  weighed: number | null;
}

/** A pass over a month's ledger may take minutes; it runs at night, on one connection. */
const WITHIN_MS = 1_800_000;

const weightsTable = (parameter: string) => `
  select * from jsonb_to_recordset(${parameter}::jsonb)
    as w(card int, model text, input numeric, cached numeric, output numeric)`;

/** Cards as rows for `weightsTable`. */
const asRows = (cards: readonly Pick<RateCard, 'version' | 'weights'>[]) =>
  JSON.stringify(
    cards.flatMap(({ version, weights }) =>
      Object.entries(weights).map(([model, kinds]) => ({ card: version, model, ...kinds })),
    ),
  );

/** The rows of a month that say how they were weighed. */
const ratedRows = (u: string) => `
  select tenant_id, id, amount, reservation_id, (metadata #>> '{rated,card}')::int as card,
    metadata #>> '{rated,model}' as model,
    (metadata #>> '{rated,raw,input}')::numeric as input,
    (metadata #>> '{rated,raw,cached}')::numeric as cached,
    (metadata #>> '{rated,raw,output}')::numeric as output
  from ${u}.usage
  where period = $1 and resource_type = 'llm_tokens' and metadata ? 'rated'`;

/** Weights of a row's model: its own, else those of every other. */
const weightsOf = (card: string) => `
  select ceil((r.input * w.input + r.cached * w.cached + r.output * w.output) / 1000000) as units
  from weights w
  where w.card = ${card} and w.model in (r.model, '*')
  order by w.model = '*'
  limit 1`;

/**
 * Weighs a month's raw counts again, each by the card that is recorded with them. What was settled after
 * its hold had expired is recorded in two rows, which count together.
 */
export async function listRatedDifferences(
  { schema, client }: Bucket,
  period: Period,
  cards: readonly RateCard[],
): Promise<RatedDifference[]> {
  type Row = Pick<RatedDifference, 'tenantId' | 'id' | 'card' | 'model'> & {
    recorded: string;
    weighed: string | null;
  };
  const { rows } = await client.query<Row>({
    query_timeout: WITHIN_MS,
    text: `with weights as materialized (${weightsTable('$2')}),
      rated as (${ratedRows(schema)}),
      again as (
        select r.*, weighed.units from rated r
        left join lateral (${weightsOf('r.card')}) weighed on true
      ), together as (
        select a.*, case when a.reservation_id is null then a.amount else (
          select sum(amount) from ${schema}.usage o
          where o.tenant_id = a.tenant_id and o.period = $1
            and o.reservation_id = a.reservation_id) end as recorded
        from again a
        where a.units is distinct from a.amount
      )
      select tenant_id as "tenantId", id, card, model, recorded, units as weighed
      from together
      where recorded is distinct from units
      order by tenant_id, id`,
    values: [period, asRows(cards)],
  } as pg.QueryConfig);
  return rows.map((row) => ({
    ...row,
    ...{ bucket: schema, period },
    recorded: Number(row.recorded),
    weighed: row.weighed === null ? null : Number(row.weighed),
  }));
}

/** What a model's calls of a month came to, and would have come to. */
export interface Reweighed {
  model: string | null;
  calls: number;
  /** Units, as they were recorded. */
  recorded: number;
  /** Units by the other weights; of calls that these do not weigh nothing. */
  weighed: number;
  /** Calls of a model that would have been refused. */
  refused: number;
}

/** Weighs a month's raw counts by other weights, by model. */
export async function reweigh(
  { schema, client }: Bucket,
  period: Period,
  weights: RateCard['weights'],
): Promise<Reweighed[]> {
  type Row = { model: string | null } & Record<
    'calls' | 'recorded' | 'weighed' | 'refused',
    string
  >;
  const { rows } = await client.query<Row>({
    query_timeout: WITHIN_MS,
    text: `with weights as materialized (${weightsTable('$2')}), rated as (${ratedRows(schema)})
      select r.model, count(*) as calls, sum(r.amount) as recorded,
        coalesce(sum(weighed.units), 0) as weighed,
        count(*) filter (where weighed.units is null) as refused
      from rated r
      left join lateral (${weightsOf('0')}) weighed on true
      group by r.model
      order by r.model`,
    values: [period, asRows([{ version: 0, weights }])],
  } as pg.QueryConfig);
  return rows.map(({ model, ...sums }) => ({
    model,
    calls: Number(sums.calls),
    recorded: Number(sums.recorded),
    weighed: Number(sums.weighed),
    refused: Number(sums.refused),
  }));
}
