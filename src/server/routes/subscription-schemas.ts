import { z } from '@hono/zod-openapi';
import type {
  ChangePreview,
  CheckoutView,
  SubscriptionChanged,
  SubscriptionOverview,
  SubscriptionView,
  UpgradeResult,
} from '../../domain/api.ts';
import { FEATURES, INTERVALS, PLANS } from '../../domain/plans.ts';
import { REMEDY_CAUSES } from '../../domain/billing/remedy.ts';
import { RESOURCE_TYPES } from '../../domain/quota.ts';
import { announcedChange } from './announced-change-schema.ts';
import { usageStatsSchema } from './usage-schemas.ts';

const instant = z.iso.datetime();
const minor = z.number().int();
const subscriptionStatus = z.enum(['active', 'canceled', 'past_due', 'trialing']);

const limits = z.object({
  llm_tokens: z.number().nullable(),
  messages: z.number().nullable(),
  images: z.number().nullable(),
  api_calls: z.number().nullable(),
});
const resourceType = z.enum(RESOURCE_TYPES);
const growing = z
  .object({ thisMonth: limits, whole: limits, wholeAt: instant })
  .nullable()
  .openapi({
    description: 'While only a part of a period is paid: the limits of this month, and when whole.',
  });

export const subscriptionSchema = z
  .object({
    plan: z.enum(PLANS),
    status: subscriptionStatus,
    interval: z.enum(INTERVALS).nullable(),
    priceId: z.string().nullable(),
    currentPeriodStart: instant.nullable(),
    currentPeriodEnd: instant.nullable(),
    cancelAtPeriodEnd: z.boolean(),
    cancelAt: instant.nullable(),
    trialEnd: instant.nullable(),
    scheduledChange: z
      .object({ plan: z.enum(PLANS), priceId: z.string(), effectiveAt: instant })
      .nullable(),
    announcedChange,
    paymentMethod: z
      .object({ brand: z.string(), last4: z.string(), expMonth: z.number(), expYear: z.number() })
      .nullable(),
    pastDue: z
      .object({
        since: instant,
        graceEndsAt: instant,
        amountMinor: minor,
        currency: z.string(),
        nextAttemptAt: instant.nullable(),
        actionRequired: z.boolean(),
        payUrl: z.string().nullable(),
      })
      .nullable(),
    growing,
    endReason: z
      .enum(REMEDY_CAUSES)
      .nullable()
      .openapi({ description: 'Why we ended it ourselves, when we did.' }),
    nextInvoice: z
      .object({ amountMinor: minor, currency: z.string(), at: instant })
      .nullable()
      .openapi({ description: 'What Stripe will take next, after coupons, balance and tax.' }),
    pendingChange: z
      .object({
        plan: z.enum(PLANS),
        priceId: z.string(),
        expiresAt: instant,
        payUrl: z.string().nullable(),
      })
      .nullable()
      .openapi({ description: 'A change that is made when it is paid.' }),
    pause: z
      .object({ of: z.enum(['collection', 'subscription']), resumesAt: instant.nullable() })
      .nullable(),
    others: z.array(
      z.object({ plan: z.enum(PLANS), status: subscriptionStatus, cancelAt: instant.nullable() }),
    ),
    unsettled: z
      .object({
        kind: z.enum(['renew', 'end', 'change_later', 'change_now', 'delete']),
        since: instant,
      })
      .nullable()
      .openapi({ description: 'Cut half-way; brought to its end or back within minutes.' }),
    settled: z
      .object({
        kind: z.enum(['renew', 'end', 'change_later', 'change_now', 'delete']),
        outcome: z.enum(['done', 'taken_back', 'stuck']),
        plan: z.enum(PLANS).nullable(),
        at: instant,
      })
      .nullable()
      .openapi({
        description: 'What came of something whose outcome was not known when it was asked for.',
      }),
    credits: z
      .array(z.object({ amountMinor: minor, currency: z.string() }))
      .openapi({ description: 'What pays for invoices to come, each for those in its currency.' }),
    stale: z.boolean().openapi({ description: 'Stripe could not be asked: our last copy.' }),
  })
  .openapi('Subscription') satisfies z.ZodType<SubscriptionView>;

const action = z.enum([
  'current',
  'subscribe',
  'upgrade',
  'downgrade',
  'switch_interval',
  'switch_price',
  'scheduled',
]);

export const overviewSchema = z
  .object({
    subscription: subscriptionSchema,
    usage: usageStatsSchema,
    features: z.array(z.enum(FEATURES)),
    actions: z.record(z.string(), action).openapi({ description: 'By price id.' }),
    canManageBilling: z.boolean(),
    currency: z
      .string()
      .nullable()
      .openapi({ description: 'What is paid runs in it, and changes stay in it.' }),
    usualCurrency: z.string().nullable().openapi({
      description: 'Packs are sold in it where none is told; null for who was never billed.',
    }),
    trialDays: z.int().openapi({ description: 'What subscribing would begin with.' }),
    unpaidStatement: z
      .object({
        id: z.uuid(),
        period: z.string(),
        currency: z.string(),
        dueMinor: minor,
        actionRequired: z.boolean(),
        nextAttemptAt: instant.nullable(),
        payUrl: z.string().nullable(),
      })
      .nullable()
      .openapi({ description: 'The newest bill of overage whose payment failed, tax and all.' }),
  })
  .openapi('SubscriptionOverview') satisfies z.ZodType<SubscriptionOverview>;

export const changedSchema = z
  .object({
    success: z.literal(true),
    subscription: subscriptionSchema,
    ended: z.int().optional().openapi({ description: 'How many a cancellation ends.' }),
  })
  .openapi('SubscriptionChanged') satisfies z.ZodType<SubscriptionChanged>;

export const checkoutSchema = z
  .object({ state: z.enum(['open', 'expired', 'processing', 'paid', 'unknown']) })
  .openapi('Checkout') satisfies z.ZodType<CheckoutView>;

export const previewSchema = z
  .object({
    effective: z.enum(['now', 'period_end']),
    effectiveAt: instant,
    amountDueNowMinor: minor,
    creditMinor: minor,
    chargeMinor: minor,
    taxMinor: minor.openapi({ description: 'What comes on top of the prices.' }),
    discountMinor: minor,
    balanceUsedMinor: minor,
    balanceLeftMinor: minor,
    carriedInMinor: minor.openapi({ description: 'What earlier invoices left owing.' }),
    carriedOutMinor: minor.openapi({
      description: 'Too little to be charged now: the next invoice takes it along.',
    }),
    currency: z.string(),
    nextInvoice: z.object({ amountMinor: minor, at: instant }).nullable(),
    prorationDate: z.number().int().nullable().openapi({
      description: 'Unix seconds; hand it back to `upgrade` to be charged what was previewed.',
    }),
    lines: z.array(z.object({ description: z.string(), amountMinor: minor })),
    lostFeatures: z.array(z.enum(FEATURES)),
    lowerLimits: z
      .array(
        z.object({
          resourceType,
          from: z.number().nullable(),
          to: z.number().nullable(),
        }),
      )
      .openapi({ description: 'What the new plan has less of, a month; `null` is unlimited.' }),
    fewerSeats: z
      .object({ from: z.number().int(), to: z.number().int(), people: z.number().int() })
      .nullable()
      .openapi({ description: 'Of a plan with fewer seats; `people` are in the team now.' }),
    takesBack: z.enum(['end', 'change']).nullable().openapi({
      description: 'What was planned and falls away: the end of the subscription, or a change.',
    }),
    growing,
    overageEnds: z
      .object({
        reason: z.enum(['price', 'not_offered']),
        price: z.object({ currency: z.string(), minorPerCredit: z.string() }).nullable(),
      })
      .nullable()
      .openapi({
        description: 'Why the change ends the consent to overage, and what a credit costs then.',
      }),
    drawn: z.object({ drawnMinor: minor, currency: z.string() }).nullable().openapi({
      description:
        'Overage that is used and not paid yet, rounded down: it is billed whatever the plan.',
    }),
    exceededQuotas: z.array(z.object({ resourceType, used: z.number(), limit: z.number() })),
  })
  .openapi('ChangePreview') satisfies z.ZodType<ChangePreview>;

export const upgradeSchema = z
  .object({
    success: z.boolean().openapi({ description: 'False while the change waits for payment.' }),
    effective: z.enum(['now', 'period_end']),
    effectiveAt: instant,
    paymentUrl: z.string().optional(),
  })
  .openapi('UpgradeResult') satisfies z.ZodType<UpgradeResult>;
