import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import type { Period } from '../../../../domain/period.ts';
import type { ResourceType } from '../../../../domain/quota.ts';
import type { Tx } from '../../../client.ts';
import type { Bucket } from '../bucket.ts';
import { writeCorrection, type Corrected, type Reversal } from './rows.ts';

/** A row of the ledger, as far as taking it back minds. */
export interface LedgerRow {
  id: string;
  period: Period;
  resourceType: ResourceType;
  amount: number;
  occurredAt: Date;
}

/** What went back to a grant, or to what had no grant; µcr. */
export interface GivenBack {
  kind: 'grant' | 'overage' | 'uncovered';
  grantId: string | null;
  micro: number;
  /** What of it the grant did not take: it had ended, or was taken back. */
  lapsedMicro: number;
  revokedMicro: number;
  /** When the grant ends, by now. */
  expiresAt: Date | null;
}

/** The row that took another back. */
export interface ReversalRow {
  id: string;
  actor: string;
  reason: string;
  createdAt: Date;
  /** Units that the quota has again. */
  quotaUnits: number;
  /** In the order in which they were given back. */
  sources: GivenBack[];
}

type Asked = { query: pg.ClientBase['query'] };

/** Rows of a bucket's ledger, and what took them back. A tenant that is not in it has none. */
export class ReversalRepository {
  readonly #bucket: Bucket<pg.Pool>;
  readonly #number: number;

  constructor(bucket: Bucket<pg.Pool>, number = 0) {
    this.#bucket = bucket;
    this.#number = number;
  }

  /** A row of the tenant's ledger, of whichever month that is not archived. */
  async findRow(tenantId: string, id: string): Promise<LedgerRow | undefined> {
    const { schema: u, client } = this.#bucket;
    const { rows } = await client.query<Omit<LedgerRow, 'amount'> & { amount: string }>(
      `select r.id, r.period, r.resource_type as "resourceType", r.amount, r.occurred_at as "occurredAt"
       from (select distinct period from ${u}.usage_totals where tenant_id = $1) m
       cross join lateral (
         select * from ${u}.usage where tenant_id = $1 and period = m.period and id = $2
       ) r`,
      [tenantId, id],
    );
    return rows[0] && { ...rows[0], amount: Number(rows[0].amount) };
  }

  /** The months of the tenant whose ledger is archived. */
  async listArchived(tenantId: string): Promise<Period[]> {
    const { schema: u, client } = this.#bucket;
    const { rows } = await client.query<{ period: Period }>(
      `select period from ${u}.usage_archives
       where period in (select period from ${u}.usage_totals where tenant_id = $1)
       order by period`,
      [tenantId],
    );
    return rows.map(({ period }) => period);
  }

  /** What took a row back, if anything did. */
  find(tenantId: string, row: LedgerRow): Promise<ReversalRow | undefined> {
    return findReversal(this.#bucket.schema, this.#bucket.client as Asked, tenantId, row);
  }

  /**
   * What taking a row back would do: it is done, read and undone again, so it is what the next one does
   * where nothing happens between. `undefined` when the row is not here; rejects as the reversal would.
   */
  async foresee(wanted: Reversal): Promise<(ReversalRow & Corrected) | undefined> {
    const row = await this.findRow(wanted.tenantId, wanted.row);
    if (row === undefined) return undefined;
    const client = await this.#bucket.client.connect();
    let undone: Error | boolean = true;
    try {
      await client.query('begin');
      const tx = drizzle(client) as unknown as Pick<Tx, 'execute'>;
      const corrected = await writeCorrection(tx, this.#number, wanted);
      const made = await findReversal(this.#bucket.schema, client, wanted.tenantId, row);
      return { ...made!, ...corrected };
    } finally {
      await client.query('rollback').then(
        () => (undone = false),
        (error: Error) => (undone = error),
      );
      client.release(undone);
    }
  }
}

async function findReversal(
  u: string,
  client: Asked,
  tenantId: string,
  { id, period, amount }: LedgerRow,
): Promise<ReversalRow | undefined> {
  type Row = Omit<ReversalRow, 'quotaUnits' | 'sources'> & { first: string; count: number };
  const { rows } = await client.query<Row>(
    `select id, actor, reason, created_at as "createdAt", draw_seq as first, draw_count as count
     from ${u}.usage where tenant_id = $1 and period = $2 and reverses_id = $3`,
    [tenantId, period, id],
  );
  if (rows[0] === undefined) return undefined;
  const { first, count, ...made } = rows[0];
  const { rows: drawn } = await client.query<Record<string, string | null> & { expiresAt: Date }>(
    `select case when d.kind in ('overage', 'uncovered') then d.kind else 'grant' end as kind,
       d.grant_id as "grantId", g.expires_at as "expiresAt", -sum(d.units) as units,
       -coalesce(sum(d.micro) filter (where d.reverses_seq is not null), 0) as micro,
       coalesce(sum(d.micro) filter (where d.kind = 'expired'), 0) as lapsed,
       coalesce(sum(d.micro) filter (where d.kind = 'revoked'), 0) as revoked
     from ${u}.credit_draws d
     left join ${u}.credit_grants g on g.tenant_id = d.tenant_id and g.id = d.grant_id
     where d.tenant_id = $1 and d.seq >= $2 and d.seq < $2 + $3
     group by 1, 2, 3
     order by min(d.seq)`,
    [tenantId, first, count],
  );
  const sources = drawn.map(({ kind, grantId, expiresAt, micro, lapsed, revoked }) => ({
    kind: kind as GivenBack['kind'],
    grantId: grantId ?? null,
    ...{ micro: Number(micro), lapsedMicro: Number(lapsed), revokedMicro: Number(revoked) },
    expiresAt,
  }));
  const beyond = drawn.reduce((sum, { units }) => sum + Number(units), 0);
  return { ...made, quotaUnits: amount - beyond, sources };
}
