import { Gauge, type Registry } from 'prom-client';
import type { Db } from '../../../db/client.ts';
import { countOpenAlerts } from '../../../db/repositories/operations/alert.repository.ts';
import { countOpenEvents } from '../../../db/repositories/billing/stripe-event.repository.ts';

/** Registers what an operator is alarmed by: events that wait or were given up, and open alerts. */
export function registerBillingMetrics(registry: Registry, db: Db): void {
  const registers = [registry];
  new Gauge({
    name: 'stripe_events_open',
    help: 'Events in the inbox that wait (received) or were given up (dead).',
    labelNames: ['state'] as const,
    registers,
    async collect() {
      const { received, dead } = await countOpenEvents(db);
      this.set({ state: 'received' }, received);
      this.set({ state: 'dead' }, dead);
    },
  });
  new Gauge({
    name: 'alerts_open',
    help: 'Open alerts, by kind.',
    labelNames: ['kind'] as const,
    registers,
    async collect() {
      this.reset();
      for (const { kind, open } of await countOpenAlerts(db)) this.set({ kind }, open);
    },
  });
}
