import { and, desc, eq, sql } from 'drizzle-orm';
import type { EventState } from '../../../domain/accounts/operator-inbox.ts';
import type { DbOrTx } from '../../client.ts';
import { stripeEvents, tenants, type StripeEventRow } from '../../schema/index.ts';

/** An event without its body, and whose customer it is about. */
export type ListedEvent = Omit<StripeEventRow, 'payload'> & { tenantId: string | null };

const columns = {
  id: stripeEvents.id,
  type: stripeEvents.type,
  objectId: stripeEvents.objectId,
  stripeCustomerId: stripeEvents.stripeCustomerId,
  apiVersion: stripeEvents.apiVersion,
  livemode: stripeEvents.livemode,
  stripeCreatedAt: stripeEvents.stripeCreatedAt,
  receivedAt: stripeEvents.receivedAt,
  state: stripeEvents.state,
  attempts: stripeEvents.attempts,
  lastError: stripeEvents.lastError,
  nextAttemptAt: stripeEvents.nextAttemptAt,
  processedAt: stripeEvents.processedAt,
};

/** Events, the newest first, behind the one of id `after`: of all states, or of one. */
export function listEvents(
  db: DbOrTx,
  wanted: { state: EventState | undefined; after: string | undefined; limit: number },
): Promise<ListedEvent[]> {
  const { state, after, limit } = wanted;
  return db
    .select({ ...columns, tenantId: tenants.id })
    .from(stripeEvents)
    .leftJoin(tenants, eq(tenants.stripeCustomerId, stripeEvents.stripeCustomerId))
    .where(
      and(
        state === undefined ? undefined : eq(stripeEvents.state, state),
        after === undefined
          ? undefined
          : sql`(${stripeEvents.receivedAt}, ${stripeEvents.id}) < (
              select e.received_at, e.id from ${stripeEvents} e where e.id = ${after})`,
      ),
    )
    .orderBy(desc(stripeEvents.receivedAt), desc(stripeEvents.id))
    .limit(limit);
}
