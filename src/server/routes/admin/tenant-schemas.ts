import { z } from '@hono/zod-openapi';
import {
  TIMELINE_KINDS,
  type AlertView,
  type MailView,
  type TenantHit,
  type TenantScreen,
  type TenantsPage,
  type TimelinePage,
} from '../../../domain/accounts/operator-tenant.ts';
import { ROLES } from '../../../domain/ids.ts';
import { PLANS } from '../../../domain/plans.ts';
import { creditsSchema } from '../credits.ts';
import { purchaseSchema } from '../purchases.ts';
import { statementSchema } from '../statements.ts';
import { paymentsSchema } from '../payment-schemas.ts';
import { usageStatsSchema } from '../usage-schemas.ts';

const instant = z.iso.datetime();
const money = z.object({ amountMinor: z.number().int(), currency: z.string() });
const nextCursor = z.string().nullable();

const hit = z.object({
  id: z.uuid(),
  name: z.string(),
  plan: z.enum(PLANS),
  owner: z.string().nullable(),
  stripeCustomerId: z.string().nullable(),
  createdAt: instant,
  deletedAt: instant.nullable(),
}) satisfies z.ZodType<TenantHit>;

export const tenantsSchema = z
  .object({ tenants: z.array(hit), nextCursor })
  .openapi('OperatorTenants') satisfies z.ZodType<TenantsPage>;

export const alertSchema = z
  .object({
    ...{ id: z.uuid(), kind: z.string(), subjectId: z.string(), tenantId: z.uuid().nullable() },
    ...{ message: z.string(), details: z.record(z.string(), z.unknown()), count: z.number().int() },
    ...{ raisedAt: instant, lastRaisedAt: instant, resolvedAt: instant.nullable() },
  })
  .openapi('Alert') satisfies z.ZodType<AlertView>;

const subscription = z.object({
  id: z.string(),
  plan: z.enum(PLANS),
  status: z.enum(['active', 'canceled', 'past_due', 'trialing']),
  stripeStatus: z.string(),
  interval: z.enum(['month', 'year']).nullable(),
  ...{ currentPeriodEnd: instant.nullable(), cancelAt: instant.nullable() },
  ...{ trialEnd: instant.nullable(), pastDueSince: instant.nullable() },
  ...{ graceUntil: instant.nullable(), endedAt: instant.nullable(), nextInvoice: money.nullable() },
  ...{ owed: z.array(money), graceEndsAt: instant.nullable() },
});

export const tenantSchema = z
  .object({
    tenant: hit.extend({
      billingEmail: z.string().nullable(),
      syncedAt: instant.nullable(),
      balance: z.array(money),
    }),
    subscriptions: z.array(subscription),
    usage: usageStatsSchema.nullable(),
    credits: creditsSchema.nullable(),
    people: z.array(
      z.object({
        ...{ id: z.uuid(), name: z.string(), email: z.string() },
        ...{ role: z.enum(ROLES), hasSeat: z.boolean() },
      }),
    ),
    payments: paymentsSchema.shape.payments,
    purchases: z.array(purchaseSchema),
    statements: z.array(statementSchema),
    alerts: z.array(alertSchema),
  })
  .openapi('OperatorTenant') satisfies z.ZodType<TenantScreen>;

export const timelineSchema = z
  .object({
    entries: z.array(
      z.object({
        key: z.string(),
        kind: z.enum(TIMELINE_KINDS),
        at: instant,
        ...{ id: z.string(), what: z.string(), by: z.string().nullable() },
        why: z.string().nullable(),
        facts: z.record(z.string(), z.unknown()),
      }),
    ),
    nextCursor,
  })
  .openapi('Timeline') satisfies z.ZodType<TimelinePage>;

export const mailSchema = z
  .object({
    ...{ id: z.uuid(), recipient: z.string(), subject: z.string(), text: z.string() },
    state: z.enum(['sent', 'waiting', 'given_up']),
    ...{ createdAt: instant, sentAt: instant.nullable(), error: z.string().nullable() },
  })
  .openapi('SentMail') satisfies z.ZodType<MailView>;
