import type { Readable } from 'node:stream';
import pg from 'pg';
import type {
  CreditMovement,
  GrantOrigin,
  GrantState,
  MovementKind,
} from '../../../../domain/billing/credits.ts';
import type { Period } from '../../../../domain/period.ts';
import type { ResourceType } from '../../../../domain/quota.ts';
import { repeated } from '../../../repeated.ts';
import type { Bucket } from '../bucket.ts';
import { streamCsv, text, utc } from '../export.ts';
import { isoInstant } from './instants.ts';
import { overageOf, type OverageNow, type OverageRow } from './overage.ts';

/** A tenant's credits now. Amounts are µcr. */
export interface CreditsNow {
  balance: number;
  /** Of all grants together, also those that are not listed. */
  held: number;
  /** In the order of drawing, a hundred at most; then the ten that were over last. */
  grants: {
    id: string;
    origin: GrantOrigin;
    /** 0 promotional, 1 paid. */
    class: 0 | 1;
    amount: number;
    left: number;
    held: number;
    effectiveAt: string;
    expiresAt: string;
    state: GrantState;
  }[];
  /** Of the counters that are open: what admission would take now; null without a limit. */
  spendable: Partial<Record<ResourceType, number | null>>;
  overage: OverageNow;
}

/**
 * A tenant's credits; empty when it never had any here. What time has done is booked first, by the
 * functions of admission, and they say what can be spent.
 */
export async function readCredits(
  bucket: Bucket,
  tenantId: string,
  period: Period,
  now: Date,
): Promise<CreditsNow | undefined> {
  const { schema, client } = bucket;
  await bringUp(bucket, tenantId, now);
  type Row = Pick<CreditsNow, 'spendable'> & {
    balance: string | null;
    held: string | null;
    grants: CreditsNow['grants'] | null;
    overage: OverageRow;
  };
  const { rows } = await client.query<Row>({
    text: `select * from ${schema}.credit_view($1, $2, $3)`,
    values: [tenantId, period, now],
  });
  const { balance, held, grants, spendable, overage } = rows[0]!;
  const isEmpty = grants === null && overage.offer === null && Object.keys(spendable).length === 0;
  if (isEmpty) return undefined;
  return {
    ...{ balance: Number(balance), held: Number(held), spendable },
    grants: (grants ?? []).map((grant) => ({
      ...grant,
      effectiveAt: isoInstant(grant.effectiveAt),
      expiresAt: isoInstant(grant.expiresAt),
    })),
    overage: overageOf(overage),
  };
}

/** Books what time has done; whoever notes progress of a hold meanwhile may stand in the way. */
async function bringUp({ schema, client }: Bucket, tenantId: string, now: Date): Promise<void> {
  const text = `select ${schema}.credit_bring_up($1, $2)`;
  await repeated(() => client.query({ text, values: [tenantId, now] }));
}

/** What grants were made for: one of a tenant's at most has an origin and ref. */
export interface MadeFor {
  origin: GrantOrigin;
  originRefs: readonly string[];
}

/**
 * What of grants is neither drawn nor held, in µcr, by their refs, also while they are frozen; those that
 * nothing was made for here are missing. What time has done is booked first. For money: the list of
 * `readCredits` has an end.
 */
export async function readLeft(
  bucket: Bucket,
  tenantId: string,
  { origin, originRefs }: MadeFor,
  now: Date,
): Promise<Map<string, number>> {
  const { schema, client } = bucket;
  await bringUp(bucket, tenantId, now);
  const { rows } = await client.query<{ ref: string; micro: string }>({
    text: `select g.origin_ref as ref,
        g.left_micro + case when a.head_grant = g.id then a.head_left else 0 end as micro
      from ${schema}.credit_grants g
      join ${schema}.credit_accounts a on a.tenant_id = g.tenant_id
      where g.tenant_id = $1 and g.origin = $2 and g.origin_ref = any($3::text[])`,
    values: [tenantId, origin, originRefs],
  });
  return new Map(rows.map(({ ref, micro }) => [ref, Number(micro)]));
}

/** Movements from the newest on, those below `before`, `max` at most; each with its balance. */
export async function listMovements(
  { schema, client }: Bucket,
  tenantId: string,
  { before, max }: { before: number | null; max: number },
): Promise<CreditMovement[]> {
  type Row = Record<'seq' | 'units' | 'micro' | 'balance', string> &
    Record<'rateMicro' | 'reverses', string | null> & {
      at: Date;
      kind: MovementKind;
      grantId: string | null;
      resourceType: ResourceType | null;
      model: string | null;
    };
  // The balance of the newest is what is there; each one before it is that without what came after.
  const { rows } = await client.query<Row>({
    text: `with there as (
        select coalesce(sum(left_micro + held_micro), 0)
          + coalesce((select head_left from ${schema}.credit_accounts where tenant_id = $1), 0)
          as micro
        from ${schema}.credit_grants where tenant_id = $1
      ), after as (
        select coalesce(sum(micro), 0) as micro from ${schema}.credit_draws
        where tenant_id = $1 and grant_id is not null and seq >= $2
      ), page as (
        select * from ${schema}.credit_draws
        where tenant_id = $1 and seq < $2
        order by seq desc
        limit $3
      )
      select seq, drawn_at as at, kind, grant_id as "grantId", resource_type as "resourceType",
        model, units, rate_micro as "rateMicro", -micro as micro, reverses_seq as reverses,
        (select micro from there) + (select micro from after) + coalesce(sum(micro)
          filter (where grant_id is not null) over (
            order by seq desc rows between unbounded preceding and 1 preceding), 0) as balance
      from page
      order by seq desc`,
    values: [tenantId, before ?? Number.MAX_SAFE_INTEGER, max],
  });
  return rows.map((row) => ({
    seq: Number(row.seq),
    at: row.at.toISOString(),
    kind: row.kind,
    grantId: row.grantId,
    resourceType: row.resourceType,
    model: row.model,
    units: Number(row.units),
    rateMicro: row.rateMicro === null ? null : Number(row.rateMicro),
    micro: row.kind === 'uncovered' ? 0 : Number(row.micro),
    reverses: row.reverses === null ? null : Number(row.reverses),
    balance: Number(row.balance),
  }));
}

/** All of a tenant's movements, the oldest first, as CSV with a header; see `streamCsv`. */
export function streamMovementsCsv(
  bucket: Bucket<pg.Pool>,
  tenantId: string,
): Promise<Readable | undefined> {
  const credits = (micro: string) => `trim_scale(${micro} / 1000000.0)`;
  return streamCsv(
    bucket,
    tenantId,
    `select seq, ${utc('drawn_at', 'at')}, kind, grant_id, resource_type as resource, units,
       ${credits('rate_micro')} as credits_a_unit,
       ${credits(`case when kind = 'uncovered' then 0 else -micro end`)} as credits,
       ${credits(`coalesce(sum(-micro) filter (where grant_id is not null) over (order by seq), 0)`)}
         as balance,
       reverses_seq as reverses, ${text('model')} as model
     from ${bucket.schema}.credit_draws
     where tenant_id = ${pg.escapeLiteral(tenantId)}
     order by seq`,
  );
}
