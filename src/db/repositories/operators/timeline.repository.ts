import { sql, type SQL } from 'drizzle-orm';
import type { TimelineKind } from '../../../domain/accounts/operator-tenant.ts';
import type { DbOrTx } from '../../client.ts';

/** A thing that happened, and its place in the timeline: microseconds since 1970, and a key. */
export interface TimelineRow extends Record<string, unknown> {
  kind: TimelineKind;
  key: string;
  at: Date;
  micros: string;
  id: string;
  what: string;
  by: string | null;
  why: string | null;
  facts: Record<string, unknown>;
}

export interface TimelinePlace {
  micros: string;
  key: string;
}

/** One kind of thing: where it is, and what of it is told. */
interface Source {
  kind: TimelineKind;
  id: SQL;
  at: SQL;
  what: SQL;
  by?: SQL;
  why?: SQL;
  facts: SQL;
  from: SQL;
}

/**
 * Everything that happened to a tenant, newest first, behind `before`: of each source as many as are
 * asked for, by its own index, then the newest of all.
 */
export async function listTimeline(
  db: DbOrTx,
  whose: { tenantId: string; customerId: string | null },
  { before, limit }: { before: TimelinePlace | undefined; limit: number },
): Promise<TimelineRow[]> {
  const parts = sourcesOf(whose).map((source) => part(source, before, limit));
  const { rows } = await db.execute<TimelineRow>(sql`
    select kind, key, at, (extract(epoch from at) * 1000000)::bigint::text as micros, id, what,
      by, why, facts
    from (${sql.join(parts, sql` union all `)}) as all_of_it
    order by at desc, key desc limit ${limit}`);
  return rows.map((row) => ({ ...row, at: new Date(row.at) }));
}

function part(source: Source, before: TimelinePlace | undefined, limit: number): SQL {
  const { kind, id, at, what, by = sql`null`, why = sql`null`, facts, from } = source;
  const key = sql`(${`${kind}:`}::text || ${id}::text) collate "C"`;
  const instant = sql`timestamptz 'epoch' + ${before?.micros ?? '0'}::bigint * interval '1 microsecond'`;
  const isBehind = before
    ? sql`and ${at} <= ${instant} and (${at}, ${key}) < (${instant}, ${before.key}::text)`
    : sql``;
  return sql`(select ${kind}::text as kind, ${key} as key, ${at} as at, ${id}::text as id,
      ${what}::text as what, ${by}::text as by, ${why}::text as why, ${facts} as facts
    ${from} ${isBehind} order by ${at} desc, 2 desc limit ${limit})`;
}

function sourcesOf({ tenantId, customerId }: Parameters<typeof listTimeline>[1]): Source[] {
  const audit = {
    id: sql`a.id`,
    at: sql`a.created_at`,
    what: sql`a.action`,
    by: sql`coalesce(u.email, a.actor_id)`,
    why: sql`a.cause`,
    facts: sql`jsonb_build_object('actor', a.actor_kind, 'subject', a.subject_id, 'before', a.before,
      'after', a.after)`,
  };
  // By the key of users: a cast of that would have each of them read.
  const people = sql`left join users u on u.id = case
    when a.actor_kind = 'user' and a.actor_id ~ '^[0-9a-f-]{36}$' then a.actor_id::uuid end`;
  return [
    {
      ...{ ...audit, kind: 'change' },
      from: sql`from audit_log a ${people} where a.tenant_id = ${tenantId}`,
    },
    {
      ...{ ...audit, kind: 'operator' },
      from: sql`from audit_log a ${people}
        where a.subject_id = ${tenantId} and a.tenant_id is null and a.action like 'operator.%'`,
    },
    {
      ...{ kind: 'payment', id: sql`p.id`, at: sql`coalesce(p.paid_at, p.created_at)` },
      what: sql`p.status`,
      why: sql`p.failure_code`,
      facts: sql`jsonb_build_object('number', p.number, 'invoice', p.stripe_invoice_id,
        'due', p.amount_due_minor, 'paid', p.amount_paid_minor, 'currency', p.currency,
        'reason', p.reason, 'attempts', p.attempt_count)`,
      from: sql`from payments p where p.tenant_id = ${tenantId}`,
    },
    {
      ...{ kind: 'refund', id: sql`r.id`, at: sql`r.created_at`, what: sql`r.status` },
      why: sql`r.reason`,
      facts: sql`jsonb_build_object('refund', r.stripe_refund_id, 'amount', r.amount_minor,
        'currency', r.currency)`,
      from: sql`from refunds r where r.tenant_id = ${tenantId}`,
    },
    {
      ...{ kind: 'event', id: sql`e.id`, at: sql`e.received_at`, what: sql`e.type` },
      why: sql`e.last_error`,
      facts: sql`jsonb_build_object('state', e.state, 'object', e.object_id, 'attempts', e.attempts)`,
      from: sql`from stripe_events e where e.stripe_customer_id = ${customerId}`,
    },
    {
      ...{ kind: 'mail', id: sql`m.id`, at: sql`m.created_at`, what: sql`m.kind` },
      why: sql`m.last_error`,
      facts: sql`jsonb_build_object('recipient', m.recipient, 'sentAt', m.sent_at,
        'failedAt', m.failed_at, 'resends', m.resends)`,
      from: sql`from mail_outbox m where m.tenant_id = ${tenantId}`,
    },
    {
      ...{ kind: 'alert', id: sql`l.id`, at: sql`l.raised_at`, what: sql`l.kind` },
      why: sql`l.message`,
      facts: sql`jsonb_build_object('subject', l.subject_id, 'resolvedAt', l.resolved_at,
        'count', l.count)`,
      from: sql`from alerts l where l.tenant_id = ${tenantId}`,
    },
  ];
}
