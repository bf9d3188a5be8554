import type { LocalStripe } from '../kernel/local-stripe.ts';
import { apiVersion } from '../kernel/events.ts';
import type { Kind, Kinds } from '../kernel/kinds.ts';
import { readSettings } from '../kernel/settings.ts';
import { billingSettings } from '../billing/settings.ts';

/** How many objects of each kind the state shows, newest first; `counts` has the true numbers. */
const shownObjects = 100;

const shown = {
  customers: 'customer',
  subscriptions: 'subscription',
  subscriptionSchedules: 'subscription_schedule',
  invoices: 'invoice',
  checkoutSessions: 'checkout.session',
  paymentMethods: 'payment_method',
  products: 'product',
  prices: 'price',
  testClocks: 'test_helpers.test_clock',
  webhookEndpoints: 'webhook_endpoint',
} as const satisfies Record<string, Kind>;

/** `GET /_control/state`: what there is, and what falls due next. */
export function readState(local: LocalStripe): object {
  const { kernel } = local;
  const { store } = kernel;
  const { chaos } = readSettings(store);
  const billing = billingSettings(store);
  const { delayedPayments, invoiceRetry, upcomingDays, walletRefunds } = billing;
  const retry = { ...billing.retry, invoices: invoiceRetry };
  const counts: Record<string, number> = {};
  for (const kind of store.kinds()) {
    if (!kind.startsWith('_')) counts[kind] = store.size(kind);
  }
  const next = kernel.due.peek(null);
  return {
    now: kernel.now(),
    apiVersion,
    url: local.url,
    settings: { retry, chaos, upcomingDays, delayedPayments, walletRefunds },
    counts,
    nextDue:
      next === undefined ? null : { at: next.dueAt, kind: next.kind, objectId: next.objectId },
    pendingDeliveries: countPending(local),
    ...Object.fromEntries(
      Object.entries(shown).map(([name, kind]) => [name, newest(local, kind, shownObjects)]),
    ),
    events: newest(local, '_event', shownObjects).map(({ body }) => ({
      id: body.id,
      type: body.type,
      created: body.created,
      objectId: (body.data.object as { id?: string }).id ?? null,
    })),
  };
}

/** The newest `limit` objects of a kind. */
export function newest<K extends Kind>(local: LocalStripe, kind: K, limit: number): Kinds[K][] {
  const found: Kinds[K][] = [];
  for (const object of local.kernel.store.newestFirst(kind)) {
    if (found.length >= limit) break;
    found.push(object);
  }
  return found;
}

function countPending(local: LocalStripe): number {
  let count = 0;
  for (const { status } of local.kernel.store.newestFirst('_delivery')) {
    if (status === 'pending') count += 1;
  }
  return count;
}
