import { randomUUID } from 'node:crypto';
import type { TestApp } from './app.ts';

/**
 * Plants, for a tenant that subscribes, one thing of every kind that the operator's page shows: changes,
 * acts of operators, payments, refunds, events, mails, alerts, purchases, statements, usage near its limit.
 */
export async function plantTimeline(app: TestApp, tenantId: string): Promise<void> {
  const { pool } = app.database;
  const plant = (text: string, ...values: unknown[]) => pool.query(text, [tenantId, ...values]);
  const change = (action: string, before: unknown, after: unknown, cause: string | null) =>
    plant(
      `insert into audit_log (tenant_id, actor_kind, actor_id, action, subject_id, before, after, cause, created_at)
       values ($1, 'webhook', 'evt_planted', $2, 'sub_planted', $3, $4, $5, now())`,
      action,
      JSON.stringify(before),
      JSON.stringify(after),
      cause,
    );
  await change(
    'subscription.status_changed',
    { status: 'active' },
    { status: 'past_due' },
    'invoice.payment_failed',
  );
  await change('credits.granted', null, { amountMicro: 5_000_000, origin: 'goodwill' }, null);
  await change('statement.written_off', null, { amountMinor: 1200, currency: 'cny' }, null);
  const facts = [
    { name: 'state', kind: 'text', value: 'past_due' },
    { name: 'mail', kind: 'text', value: 'usage_threshold' },
    { name: 'refund', kind: 'money', value: 900, currency: 'cny' },
  ];
  for (const [action, after] of [
    ['operator.refund_invoice', { done: true, facts }],
    ['operator.extend_grace.previewed', { refused: 'nothing is owed' }],
    ['operator.alert_resolved', null],
  ] as const) {
    await plant(
      `insert into audit_log (actor_kind, actor_id, action, subject_id, after, cause, created_at)
       values ('service', 'on-call', $2, $1, $3, 'of a test', now())`,
      action,
      JSON.stringify(after),
    );
  }
  await plant(
    `insert into payments (tenant_id, stripe_invoice_id, stripe_customer_id, number, status,
       amount_due_minor, amount_remaining_minor, currency, reason, attempt_count, failure_code,
       failure_message, subscription_id, stripe_subscription_id, synced_at)
     select $1, 'in_planted', s.stripe_customer_id, 'PLANTED-1', 'open', 2900, 2900, 'cny',
       'subscription_cycle', 2, 'generic_decline', 'Your card was declined.', s.id,
       s.stripe_subscription_id, now()
     from (select s.id, s.stripe_subscription_id, t.stripe_customer_id
       from subscriptions s join tenants t on t.id = s.tenant_id where s.tenant_id = $1 limit 1) s`,
  );
  await plant(
    `insert into refunds (tenant_id, stripe_refund_id, amount_minor, currency, status, reason, synced_at)
     values ($1, 're_planted', 900, 'cny', 'requires_action', 'requested_by_customer', now())`,
  );
  await plant(
    `insert into stripe_events (id, type, object_id, stripe_customer_id, livemode, payload,
       stripe_created_at, received_at, state, attempts)
     select 'evt_planted', 'customer.subscription.updated', 'sub_planted', stripe_customer_id, false,
       '{}', now(), now(), 'dead', 5 from tenants where id = $1`,
  );
  await plant(
    `insert into mail_outbox (tenant_id, kind, subject_id, recipient, locale, sent_at, resends, data)
     values ($1, 'grace_extended', $2, 'mei@example.com', 'en', now(), 1, $3)`,
    randomUUID(),
    JSON.stringify({ plan: 'pro', until: new Date().toISOString() }),
  );
  await plant(
    `insert into alerts (id, kind, subject_id, tenant_id, message, raised_at, last_raised_at)
     values ($2, 'purchase_failing', 'cs_planted', $1, 'of a test', now(), now())`,
    randomUUID(),
  );
  await plant(
    `insert into credit_purchases (tenant_id, pack_id, pack_version, state, credits, bonus, valid_days,
       amount_minor, currency, stripe_customer_id, stripe_price_id, locale, expires_at)
     select $1, p.id, p.version, 'needs_action', 100, 0, 90, 5000, 'cny', t.stripe_customer_id,
       'price_planted', 'en', now() from tenants t, credit_packs p where t.id = $1 limit 1`,
  );
  await plant(
    `insert into statements (tenant_id, kind, period, seq_from, seq_to, state, currency, amount_minor,
       carried_in_minor, micro, rows, sha256, previous_sha256, closed_at)
     values ($1, 'month', '2026-10', 1, 1, 'written_off', 'cny', 1200, 0, 0, 1, '', '', now())`,
  );
  const sent = await fetch(`${app.url}/api/usage/events`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${app.usageIngestToken}`,
    },
    body: JSON.stringify({
      events: [{ tenantId, resourceType: 'images', amount: 450, idempotencyKey: randomUUID() }],
    }),
  });
  if (!sent.ok) throw new Error(`The usage was not taken: ${sent.status}`);
}

/** Makes the tenant's subscription past due, since now. */
export async function plantPastDue(app: TestApp, tenantId: string): Promise<void> {
  await app.database.pool.query(
    `update subscriptions set status = 'past_due', stripe_status = 'past_due', past_due_since = now()
     where tenant_id = $1`,
    [tenantId],
  );
}
