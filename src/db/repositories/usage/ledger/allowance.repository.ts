import { sql } from 'drizzle-orm';
import type pg from 'pg';
import type { Allowance } from '../../../../domain/billing/usage/allowance.ts';
import { NO_ID, type Actor } from '../../../../domain/ids.ts';
import { periodEnd, type Period } from '../../../../domain/period.ts';
import type { ResourceType } from '../../../../domain/quota.ts';
import { actorId, hasAuditEntry, insertAuditEntry } from '../../operations/audit-log.repository.ts';
import type { Bucket } from '../bucket.ts';
import type { CreditPlace } from '../credits/place.ts';
import { openPeriod } from '../periods.ts';

/** A month of a tenant. */
export interface MonthOf {
  period: Period;
  tenantId: string;
}

export type NewAllowance = Omit<Allowance, 'createdAt'> & {
  tenantId: string;
  actor: Actor;
  reason: string;
  now: Date;
};

/**
 * Makes an allowance where the tenant is, once a ref, with its entry of the audit log; a repeat answers the
 * first one. On a server of its own it may have been made and cut short before its entry: the repeat writes
 * that.
 */
export async function insertAllowance(
  at: CreditPlace,
  made: NewAllowance,
): Promise<{ allowance: Allowance; isNew: boolean }> {
  const { tenantId, ref, period, resourceType, kind, units, actor, reason, now } = made;
  const { rows } = await at.bucket.execute<{ is_new: boolean; made: Allowance }>(sql`
    select is_new, made from ${sql.identifier(at.schema)}.usage_allow(${tenantId}, ${ref}, ${period},
      ${resourceType}, ${kind}, ${units}, ${nameOf(actor)}, ${reason},
      ${now.toISOString()})`);
  const { is_new: isNew, made: allowance } = rows[0]!;
  const entry = {
    ...{ tenantId, actor, now, cause: reason, action: 'allowance.added', subjectId: resourceType },
    after: { ref, period, resource: resourceType, kind, units },
  };
  const isWritten = !isNew && (at.bucket === at.main || (await hasAuditEntry(at.main, entry, ref)));
  if (!isWritten) await insertAuditEntry(at.main, entry);
  return { allowance: { ...allowance, createdAt: isoOf(allowance.createdAt) }, isNew };
}

/** What is asked of a bucket about changes of quotas. */
export class AllowanceRepository {
  readonly #bucket: Bucket<pg.Pool>;

  constructor(bucket: Bucket<pg.Pool>) {
    this.#bucket = bucket;
  }

  /** The sums of a month's allowances, by resource; nothing of a resource without any. */
  async sum(tenantId: string, period: Period): Promise<Partial<Record<ResourceType, number>>> {
    const { schema, client } = this.#bucket;
    const { rows } = await client.query<{ resource: ResourceType; units: string }>({
      text: `select resource_type as resource, sum(units) as units from ${schema}.allowances
        where tenant_id = $1 and period = $2 group by resource_type`,
      values: [tenantId, period],
    });
    return Object.fromEntries(rows.map(({ resource, units }) => [resource, Number(units)]));
  }

  /** Every allowance that a tenant ever had, with its reason, oldest first. */
  async list(tenantId: string): Promise<(Allowance & { reason: string })[]> {
    type Row = Omit<Allowance, 'units' | 'createdAt'> & {
      reason: string;
      units: string;
      createdAt: Date;
    };
    const { schema, client } = this.#bucket;
    const { rows } = await client.query<Row>({
      text: `select ref, period, resource_type as "resourceType", kind, units, reason,
          created_at as "createdAt"
        from ${schema}.allowances where tenant_id = $1 order by created_at, ref`,
      values: [tenantId],
    });
    return rows.map((row) => ({
      ...row,
      units: Number(row.units),
      createdAt: isoOf(row.createdAt),
    }));
  }

  /**
   * Months up to `last` of which it is not decided yet what rolls over, `max` at most, rising, behind
   * `after`; some may have work open.
   */
  async listUndecided(last: Period, after: MonthOf | undefined, max: number): Promise<MonthOf[]> {
    const { schema, client } = this.#bucket;
    const { rows } = await client.query<MonthOf>({
      text: `select distinct period, tenant_id as "tenantId" from ${schema}.usage_totals
        where rollover_percent > 0 and closed_at is null and period <= $1
          and (period, tenant_id) > ($2, $3::uuid)
        order by period, tenant_id limit $4`,
      values: [last, after?.period ?? '', after?.tenantId ?? NO_ID, max],
    });
    return rows;
  }

  /**
   * Opens a month that is over for tenants with a plan that rolls over, had since before its end, who used
   * nothing in it: `max` of them at most, rising, behind `after`. Answers the last; `undefined` when there
   * was none.
   */
  async openUnused(
    period: Period,
    after: string | undefined,
    max: number,
  ): Promise<string | undefined> {
    const { schema, client } = this.#bucket;
    const { rows } = await client.query<{ tenantId: string }>({
      text: `select t.tenant_id as "tenantId" from ${schema}.usage_tenants t
        where t.rollover <> '{}' and t.deleted_at is null and t.tenant_id > $3
          and (t.since is null or t.since < $2)
          and not exists (select from ${schema}.usage_totals c
            where c.tenant_id = t.tenant_id and c.period = $1)
        order by t.tenant_id limit $4`,
      values: [period, periodEnd(period), after ?? NO_ID, max],
    });
    const ids = rows.map(({ tenantId }) => tenantId);
    if (ids.length > 0) await openPeriod(this.#bucket, period, ids);
    return ids.at(-1);
  }

  /** Rolls a month over into a later one; false while work of it is open. See `usage_roll_over`. */
  async rollOver(
    { tenantId, period }: MonthOf,
    into: Period,
    { actor, now }: { actor: Actor; now: Date },
  ): Promise<boolean> {
    const { schema, client } = this.#bucket;
    const { rows } = await client.query<{ done: boolean }>({
      text: `select ${schema}.usage_roll_over($1, $2, $3, $4, $5) as done`,
      values: [tenantId, period, into, nameOf(actor), now],
    });
    return rows[0]!.done;
  }
}

const nameOf = (actor: Actor) => `${actor.kind}:${actorId(actor)}`;

const isoOf = (at: string | Date) => new Date(at).toISOString();
