import type { LocalStripe } from '../kernel/local-stripe.ts';
import type { DeliveryRow } from '../kernel/rows.ts';
import { ControlError } from './errors.ts';

/** A delivery with what one wants to know beside it. Times are unix seconds. */
export interface DeliveryView extends DeliveryRow {
  url: string | null;
}

export interface DeliveryFilter {
  event?: string | undefined;
  endpoint?: string | undefined;
  type?: string | undefined;
  status?: string | undefined;
  limit: number;
}

/** Deliveries, newest first. */
export function listDeliveries(local: LocalStripe, filter: DeliveryFilter): DeliveryView[] {
  const { store } = local.kernel;
  const found: DeliveryView[] = [];
  const candidates =
    filter.event === undefined
      ? store.newestFirst('_delivery')
      : store.by('_delivery', 'event', filter.event).reverse();
  for (const row of candidates) {
    if (found.length >= filter.limit) break;
    if (filter.endpoint !== undefined && row.endpoint !== filter.endpoint) continue;
    if (filter.type !== undefined && row.eventType !== filter.type) continue;
    if (filter.status !== undefined && row.status !== filter.status) continue;
    found.push({ ...row, url: store.find('webhook_endpoint', row.endpoint)?.url ?? null });
  }
  return found;
}

/** Reads the query of `GET /_control/deliveries`; an absurd limit is a 400. */
export function readDeliveryFilter(query: Record<string, string>): DeliveryFilter {
  const limit = query['limit'] === undefined ? 100 : Number(query['limit']);
  if (!Number.isInteger(limit) || limit < 1 || limit > 10_000) {
    throw new ControlError(400, 'invalid_query', 'limit: a number from 1 to 10000.', 'limit');
  }
  const { event, endpoint, type, status } = query;
  return { event, endpoint, type, status, limit };
}

export function resendDelivery(local: LocalStripe, id: string): DeliveryRow {
  const row = local.dispatcher.resend(id);
  if (row === null) {
    throw new ControlError(404, 'resource_missing', `No such delivery: '${id}'`, 'id');
  }
  return row;
}
