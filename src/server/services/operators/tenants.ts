import type { Database, Db } from '../../../db/client.ts';
import {
  findMembership,
  listMembers,
} from '../../../db/repositories/accounts/membership.repository.ts';
import { listAlerts } from '../../../db/repositories/operators/alerts.repository.ts';
import { searchTenants } from '../../../db/repositories/operators/tenant-search.repository.ts';
import {
  listTimeline,
  type TimelinePlace,
  type TimelineRow,
} from '../../../db/repositories/operators/timeline.repository.ts';
import { bucketOf } from '../../../db/repositories/usage/bucket.ts';
import { listCrossingsOf, type Crossing } from '../../../db/repositories/usage/crossings.ts';
import { SubscriptionRepository } from '../../../db/repositories/subscription.repository.ts';
import { sumOpenPayments } from '../../../db/repositories/billing/payments/payment.repository.ts';
import type { Alert, Subscription, Tenant } from '../../../db/schema/index.ts';
import type {
  AlertView,
  HeldSubscription,
  MailView,
  TenantHit,
  TenantScreen,
  TenantsPage,
  TimelinePage,
} from '../../../domain/accounts/operator-tenant.ts';
import { graceEndsAt, isExtended } from '../../../domain/billing/subscription-access.ts';
import { BillingError } from '../../../domain/errors.ts';
import type { Money } from '../../../domain/money.ts';
import type { Config } from '../../config/config.ts';
import type { PaymentService } from '../billing/payment.service.ts';
import type { PurchaseService } from '../billing/purchase.service.ts';
import type { StatementService } from '../billing/statement.service.ts';
import type { MailService } from '../mail/mail.service.ts';
import type { UsageService } from '../usage.service.ts';
import { getAnyTenant, getMailTo } from './find-tenant.ts';
import { placeCursor, placeOf, uuidCursor } from './cursors.ts';
import { onBehalfOf } from './on-behalf-of.ts';
import type { OperatorIdentity } from './operator-identity.ts';

export interface TenantReadDeps {
  db: Db;
  buckets: Database['buckets'];
  config: Pick<Config, 'pastDueGraceDays'>;
  usage: Pick<UsageService, 'getUsageStats' | 'credits'>;
  payments: Pick<PaymentService, 'listPayments'>;
  purchases: Pick<PurchaseService, 'list'>;
  statements: Pick<StatementService, 'list'>;
  mails: Pick<MailService, 'readWithoutTokens'>;
}

/** Rows of each kind on a tenant's screen; the timeline has them all. */
const SHOWN_MAX = 20;

/** Tenants, from above: who they are, what they have and owe, and what happened to them. */
export class OperatorTenants {
  readonly #deps: TenantReadDeps;

  constructor(deps: TenantReadDeps) {
    this.#deps = deps;
  }

  /** Newest first; `query` as `searchTenants` reads it, empty for all. */
  async search(query: string, cursor: string | undefined, limit: number): Promise<TenantsPage> {
    const after = cursor === undefined ? undefined : uuidCursor(cursor);
    const rows = await searchTenants(this.#deps.db, { query, after, limit: limit + 1 });
    const page = rows.slice(0, limit);
    return {
      tenants: page.map(hitOf),
      nextCursor: rows.length > limit ? page.at(-1)!.id : null,
    };
  }

  /** 404 `tenant_not_found`; a deleted tenant is shown as far as it is still known. */
  async show(operator: OperatorIdentity, tenantId: string): Promise<TenantScreen> {
    const { db, usage, payments, purchases, statements } = this.#deps;
    const tenant = await getAnyTenant(db, tenantId);
    const team = onBehalfOf(operator, tenantId);
    const isThere = tenant.deletedAt === null;
    const rows = await new SubscriptionRepository(db).findByTenantId(tenantId);
    const people = await listMembers(db, tenantId);
    const first = people[0]?.email ?? null;
    const page = await payments.listPayments(team, { limit: SHOWN_MAX, cursor: undefined });
    return {
      tenant: {
        ...hitOf({ ...tenant, owner: first }),
        billingEmail: tenant.billingEmail,
        syncedAt: iso(tenant.syncedAt),
        balance: tenant.credits,
      },
      subscriptions: await Promise.all(rows.map((row) => this.#subscription(row))),
      usage: isThere ? await usage.getUsageStats(tenantId) : null,
      credits: isThere ? await usage.credits.read(tenantId) : null,
      people: people.map(({ userId: id, displayName: name, email, role, hasSeat }) => ({
        ...{ id, name, email, role, hasSeat },
      })),
      payments: page.payments,
      purchases: (await purchases.list(team)).slice(0, SHOWN_MAX),
      statements: (await statements.list(team)).slice(0, SHOWN_MAX),
      alerts: (await listAlerts(db, { isOpen: true, tenantId, limit: SHOWN_MAX })).map(alertOf),
    };
  }

  async #subscription(row: Subscription): Promise<HeldSubscription> {
    const { db, config } = this.#deps;
    const isPastDue = row.status === 'past_due';
    const owed = isPastDue ? await sumOpenPayments(db, row.tenantId, row.stripeSubscriptionId) : [];
    return subscriptionOf(row, owed, config.pastDueGraceDays);
  }

  /** Everything that happened to it, newest first. */
  async timeline(
    tenantId: string,
    cursor: string | undefined,
    limit: number,
  ): Promise<TimelinePage> {
    const tenant = await getAnyTenant(this.#deps.db, tenantId);
    const { stripeCustomerId: customerId } = tenant;
    const before = cursor === undefined ? undefined : placeOf(cursor);
    const wanted = { before, limit: limit + 1 };
    const rows = await listTimeline(this.#deps.db, { tenantId, customerId }, wanted);
    const crossings = (await this.#crossings(tenant)).filter((row) => isBehind(row, before));
    rows.push(...crossings);
    rows.sort(newestFirst);
    const page = rows.slice(0, limit);
    return {
      entries: page.map(({ micros: _place, at, ...entry }) => ({
        ...entry,
        at: at.toISOString(),
      })),
      nextCursor: rows.length > limit ? placeCursor(page.at(-1)!) : null,
    };
  }

  /** Limits that were nearly or wholly used up, as the tenant's bucket of metering noted them. */
  async #crossings({ id, usageBucket }: Tenant): Promise<TimelineRow[]> {
    const { pool } = await this.#deps.buckets.of(usageBucket);
    return (await listCrossingsOf(bucketOf(pool, usageBucket), id)).map(crossingRow);
  }

  /** A mail to the tenant as its reader sees it, without the tokens of its links. 404 `not_found`. */
  async readMail(tenantId: string, mailId: string): Promise<MailView> {
    const mail = await getMailTo(this.#deps.db, tenantId, mailId);
    return {
      id: mail.id,
      recipient: mail.recipient,
      ...this.#deps.mails.readWithoutTokens(mail),
      state: mail.sentAt ? 'sent' : mail.failedAt ? 'given_up' : 'waiting',
      createdAt: mail.createdAt.toISOString(),
      sentAt: iso(mail.sentAt),
      error: mail.lastError,
    };
  }

  /** 404 `not_found` for who is not in the tenant. */
  async assertMember(tenantId: string, userId: string): Promise<void> {
    await getAnyTenant(this.#deps.db, tenantId);
    if (await findMembership(this.#deps.db, { tenantId, userId })) return;
    throw new BillingError('not_found', 'Nobody in this team has this id.');
  }
}

type Hit = Pick<Tenant, 'id' | 'name' | 'plan' | 'stripeCustomerId' | 'createdAt' | 'deletedAt'> & {
  owner: string | null;
};

function hitOf({ id, name, plan, owner, stripeCustomerId, ...when }: Hit): TenantHit {
  return {
    ...{ id, name, plan, owner, stripeCustomerId },
    createdAt: when.createdAt.toISOString(),
    deletedAt: iso(when.deletedAt),
  };
}

function subscriptionOf(row: Subscription, owed: Money[], graceDays: number): HeldSubscription {
  const { nextInvoiceMinor: amountMinor, nextInvoiceCurrency: currency } = row;
  return {
    id: row.stripeSubscriptionId,
    plan: row.plan,
    status: row.status,
    stripeStatus: row.stripeStatus,
    interval: row.interval,
    currentPeriodEnd: iso(row.currentPeriodEnd),
    cancelAt: iso(row.cancelAt),
    trialEnd: iso(row.trialEnd),
    pastDueSince: iso(row.pastDueSince),
    graceUntil: isExtended(row) ? iso(row.graceUntil) : null,
    endedAt: iso(row.endedAt),
    owed,
    graceEndsAt: iso(endOfGrace(row, graceDays)),
    nextInvoice: amountMinor === null || currency === null ? null : { amountMinor, currency },
  };
}

/** Null where grace decides nothing: what is paid for, and what Stripe itself gives no plan for. */
function endOfGrace(row: Subscription, graceDays: number): Date | null {
  if (row.stripeStatus !== 'past_due' || row.pastDueSince === null) return null;
  return graceEndsAt(row.pastDueSince, graceDays, row);
}

export function alertOf(row: Alert): AlertView {
  const { id, kind, subjectId, tenantId, message, count } = row;
  return {
    ...{ id, kind, subjectId, tenantId, message, count },
    details: row.details as Record<string, unknown>,
    raisedAt: row.raisedAt.toISOString(),
    lastRaisedAt: row.lastRaisedAt.toISOString(),
    resolvedAt: iso(row.resolvedAt),
  };
}

export function iso(instant: Date | null): string | null {
  return instant?.toISOString() ?? null;
}

function crossingRow(crossing: Crossing): TimelineRow {
  const { period, resourceType, percent, used, limit, crossedAt } = crossing;
  const id = `${period}:${resourceType}:${percent}:${limit}`;
  return {
    ...{ kind: 'crossing', id, key: `crossing:${id}`, at: crossedAt, by: null, why: null },
    ...{ micros: String(crossedAt.getTime() * 1000), what: `${resourceType} ${percent} %` },
    facts: { period, resourceType, percent, used, limit },
  };
}

/** Before 0 where `a` is the newer; of one instant the keys decide, as in the database. */
function newestFirst(a: TimelinePlace, b: TimelinePlace): number {
  const apart = BigInt(b.micros) - BigInt(a.micros);
  if (apart !== 0n) return apart > 0n ? 1 : -1;
  if (a.key === b.key) return 0;
  return a.key < b.key ? 1 : -1;
}

const isBehind = (row: TimelinePlace, before: TimelinePlace | undefined) =>
  before === undefined || newestFirst(before, row) < 0;
