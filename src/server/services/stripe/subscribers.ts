import type { Stripe } from 'stripe';
import { z } from 'zod';
import { isUuid } from '../../../domain/ids.ts';
import { APP_MARK, isOfOther } from './customers.ts';
import { metadata } from './snapshots/schemas.ts';

/** A customer that has, or had, a subscription at Stripe, and whose it says it is. */
export interface Subscriber {
  customerId: string;
  name: string | null;
  /** By our mark; `null` where another program, or staff, made the customer. */
  tenantId: string | null;
  /** Has a subscription that is not over. */
  isLive: boolean;
}

const OVER = new Set(['canceled', 'incomplete_expired']);

const row = z.object({
  status: z.string(),
  customer: z.object({
    id: z.string(),
    deleted: z.literal(true).optional(),
    name: z.string().nullish(),
    email: z.string().nullish(),
    metadata: metadata.optional(),
  }),
});

/** Everybody of the account who ever subscribed, except those of other environments of ours. */
export async function listSubscribers(stripe: Stripe, environment: string): Promise<Subscriber[]> {
  const found = new Map<string, Subscriber>();
  const pages = stripe.subscriptions.list({
    status: 'all',
    limit: 100,
    expand: ['data.customer'],
  });
  for await (const answer of pages) {
    const { status, customer } = row.parse(answer);
    const marks = customer.metadata ?? {};
    const { app, tenantId } = marks;
    if (customer.deleted || isOfOther(marks, environment)) continue;
    const before = found.get(customer.id);
    found.set(customer.id, {
      customerId: customer.id,
      name: customer.name ?? customer.email ?? null,
      tenantId: app === APP_MARK && isUuid(tenantId) ? tenantId : null,
      isLive: before?.isLive === true || !OVER.has(status),
    });
  }
  return [...found.values()];
}
