import { Histogram, type Counter, type Registry } from 'prom-client';
import type { Db } from '../../../db/client.ts';
import {
  countOpenEvents,
  oldestOpenEvent,
} from '../../../db/repositories/billing/stripe-event.repository.ts';
import { countOpenAlerts } from '../../../db/repositories/operations/alert.repository.ts';
import { findSetting } from '../../../db/repositories/operations/setting.repository.ts';
import { SubscriptionRepository } from '../../../db/repositories/subscription.repository.ts';
import { ALERT_KINDS } from '../../../domain/alerts.ts';
import type { Clock } from '../../../domain/clock.ts';
import { ageSeconds, outcomeCounter, registerReading } from '../../metrics.ts';

/** When every customer was last compared with Stripe. */
export const LAST_RECONCILE_SETTING = 'billing.reconciled';

/** What became of a delivery of Stripe's. `other_mode`: a live one in test mode, or the reverse. */
const DELIVERY_OUTCOMES = [
  'accepted',
  'repeated',
  'bad_signature',
  'bad_shape',
  'other_mode',
] as const;
export type DeliveryOutcome = (typeof DELIVERY_OUTCOMES)[number];

/** What `/metrics` shows of events on their way. */
export interface InboxMetrics {
  deliveries: Counter<'outcome'>;
  /** From Stripe's making an event to its being stored here. */
  deliverySeconds: Histogram;
  /** Events by how they ended; `failed` is a try after which it is tried again. */
  handled: Counter<'outcome'>;
  /** From an event's being stored to its effects being committed. */
  handlingSeconds: Histogram;
}

const LAGS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400];

export function createInboxMetrics(registry: Registry): InboxMetrics {
  const registers = [registry];
  return {
    deliveries: outcomeCounter(
      registry,
      {
        name: 'stripe_webhooks_total',
        help: 'Deliveries of Stripe by what became of them; refused are bad_signature, bad_shape and other_mode.',
      },
      DELIVERY_OUTCOMES,
    ),
    deliverySeconds: new Histogram({
      name: 'stripe_webhook_lag_seconds',
      help: 'From an event at Stripe to its being stored here, for those delivered.',
      buckets: LAGS,
      registers,
    }),
    handled: outcomeCounter(
      registry,
      {
        name: 'stripe_events_handled_total',
        help: 'Events by how handling ended: processed, ignored, failed (tried again), dead (given up).',
      },
      ['processed', 'ignored', 'failed', 'dead'],
    ),
    handlingSeconds: new Histogram({
      name: 'stripe_event_handling_lag_seconds',
      help: 'From an event being stored here to its effects being committed.',
      buckets: LAGS,
      registers,
    }),
  };
}

/** Registers what an operator is alarmed by, read from the database: the same from every process. */
export function registerBillingMetrics(registry: Registry, db: Db, clock: Clock): void {
  registerReading(
    registry,
    {
      name: 'stripe_events_open',
      help: 'Events in the inbox that wait (received) or were given up (dead).',
      labelNames: ['state'],
    },
    async () => {
      const { received, dead } = await countOpenEvents(db);
      return [
        { labels: { state: 'received' }, value: received },
        { labels: { state: 'dead' }, value: dead },
      ];
    },
  );
  registerReading(
    registry,
    {
      name: 'stripe_events_oldest_seconds',
      help: 'How long the event that waits longest has been in the inbox; 0 when none waits.',
    },
    async () => {
      const since = await oldestOpenEvent(db);
      return [{ value: since ? ageSeconds(since.toISOString(), clock.now()) : 0 }];
    },
  );
  registerReading(
    registry,
    { name: 'alerts_open', help: 'Open alerts, by kind.', labelNames: ['kind'] },
    async () => {
      const open = new Map((await countOpenAlerts(db)).map((one) => [one.kind, one.open]));
      const kinds = new Set<string>([...ALERT_KINDS, ...open.keys()]);
      return [...kinds].map((kind) => ({ labels: { kind }, value: open.get(kind) ?? 0 }));
    },
  );
  registerReading(
    registry,
    {
      name: 'reconcile_age_seconds',
      help: 'Since all customers were last compared with Stripe; -1 before the first time.',
    },
    async () => {
      const last = (await findSetting(db, LAST_RECONCILE_SETTING)) as { at?: unknown } | undefined;
      return [{ value: ageSeconds(last?.at, clock.now()) }];
    },
  );
  registerReading(
    registry,
    {
      name: 'subscriptions',
      help: 'Subscriptions by plan and by the state that Stripe gives them.',
      labelNames: ['plan', 'status'],
    },
    async () =>
      (await new SubscriptionRepository(db).countByState()).map(({ plan, status, count }) => ({
        labels: { plan, status },
        value: count,
      })),
  );
}
