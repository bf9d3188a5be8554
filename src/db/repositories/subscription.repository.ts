import { and, count, eq, isNotNull, lte, not, sql } from 'drizzle-orm';
import { byAge } from '../../domain/billing/subscription-age.ts';
import type { DbOrTx } from '../client.ts';
import {
  subscriptions,
  tenants,
  type NewSubscription,
  type Subscription,
} from '../schema/index.ts';

/** Rows of `subscriptions`. Only the sync writes them, inside its transaction. */
export class SubscriptionRepository {
  readonly #db: DbOrTx;

  constructor(db: DbOrTx) {
    this.#db = db;
  }

  async create(values: NewSubscription): Promise<Subscription> {
    const [row] = await this.#db.insert(subscriptions).values(values).returning();
    if (!row) throw new Error('The database returned no subscription.');
    return row;
  }

  /** All of the tenant's, the newest first. */
  async findByTenantId(tenantId: string): Promise<Subscription[]> {
    const ofTenant = eq(subscriptions.tenantId, tenantId);
    const rows = await this.#db.select().from(subscriptions).where(ofTenant);
    return rows.sort((a, b) => byAge(b, a));
  }

  async findByStripeSubscriptionId(id: string): Promise<Subscription | undefined> {
    const [row] = await this.#db
      .select()
      .from(subscriptions)
      .where(eq(subscriptions.stripeSubscriptionId, id));
    return row;
  }

  /** All there are, by plan and Stripe's status. */
  countByState(): Promise<{ plan: string; status: string; count: number }[]> {
    const { plan, stripeStatus } = subscriptions;
    return this.#db
      .select({ plan: sql<string>`${plan}::text`, status: stripeStatus, count: count() })
      .from(subscriptions)
      .groupBy(plan, stripeStatus);
  }

  async update(
    id: string,
    values: Partial<Omit<NewSubscription, 'id' | 'tenantId' | 'createdAt'>>,
  ): Promise<Subscription> {
    const [row] = await this.#db
      .update(subscriptions)
      .set(values)
      .where(eq(subscriptions.id, id))
      .returning();
    if (!row) throw new Error(`There is no subscription ${id}.`);
    return row;
  }

  /** For what Stripe can no longer be asked about. */
  updateStatus(
    id: string,
    values: Required<Pick<NewSubscription, 'status' | 'stripeStatus' | 'endedAt' | 'syncedAt'>>,
  ): Promise<Subscription> {
    return this.update(id, { ...values, updatedAt: values.syncedAt });
  }

  /**
   * Customers of paying tenants whose past-due subscription passed `before` in arrears, without those who
   * were given longer than `now`.
   */
  async listCustomersPastDueSince(before: Date, now: Date): Promise<string[]> {
    const { pastDueSince, graceFor, graceUntil } = subscriptions;
    const isGivenLonger = sql`coalesce(${graceFor} = ${pastDueSince} and ${graceUntil} > ${now.toISOString()}, false)`;
    const rows = await this.#db
      .selectDistinct({ customerId: subscriptions.stripeCustomerId })
      .from(subscriptions)
      .innerJoin(tenants, eq(tenants.subscriptionId, subscriptions.id))
      .where(and(isNotNull(pastDueSince), lte(pastDueSince, before), not(isGivenLonger)));
    return rows.map((row) => row.customerId);
  }
}
