import { z } from '@hono/zod-openapi';
import {
  CAP_ALERTS_PERCENT,
  CAP_MINOR_MAX,
  OVERAGE_LAPSES,
  type OverageUsed,
  type OverageView,
} from '../../domain/billing/overage.ts';
import type { LimitsView } from '../../domain/billing/spending/limits-view.ts';
import { SPENDING_PRESETS, type SpendingRuleView } from '../../domain/billing/spending/rules.ts';
import { TOP_UP_PAUSES, type AutoTopUpView } from '../../domain/billing/spending/top-up.ts';

const minor = z.number().int().openapi({ description: 'In the smallest unit of the currency.' });
const price = z
  .strictObject({
    currency: z.string().regex(/^[a-z]{3}$/),
    minorPerCredit: z.string().regex(/^\d{1,8}(\.\d{1,12})?$/),
  })
  .openapi({ description: 'What a credit costs that was not bought before, as decimal text.' });

const usedFields = {
  enabled: z.boolean(),
  capMinor: minor.nullable(),
  currency: z.string().nullable(),
  usedMinor: minor,
  unpaidMinor: minor,
  suspended: z.enum(['unpaid']).nullable(),
};

/** The part that is told with the credits. */
export const overageUsedSchema = z
  .object(usedFields)
  .openapi('OverageUsed') satisfies z.ZodType<OverageUsed>;

const overageSchema = z
  .object({
    price: price.nullable().openapi({ description: 'What can be agreed to now.' }),
    paused: z.enum(['trialing', 'past_due']).nullable(),
    lapsed: z.enum(OVERAGE_LAPSES).nullable(),
    ...usedFields,
    exposureMinor: minor.nullable(),
  })
  .openapi('Overage') satisfies z.ZodType<OverageView>;

/** Its values by hand: of a literal of several the document would have the first alone. */
const alerts = z
  .array(z.literal(CAP_ALERTS_PERCENT).openapi({ enum: [...CAP_ALERTS_PERCENT] }))
  .max(CAP_ALERTS_PERCENT.length);

const maximum = minor.nullable().openapi({ description: 'At most; null: without end.' });
const ruleFields = {
  preset: z.enum(SPENDING_PRESETS),
  currency: z.string().nullable(),
  singleMaxMinor: maximum,
  dayMaxMinor: maximum,
  monthMaxMinor: maximum,
};

const rulesSchema = z
  .object({
    ...ruleFields,
    spentDayMinor: minor,
    spentMonthMinor: minor.openapi({ description: 'On packs, with what can still be paid.' }),
    overageMonthMinor: minor.openapi({ description: 'What overage takes of it: its whole cap.' }),
    leftMonthMinor: minor.nullable().openapi({ description: 'Null without a maximum a month.' }),
    capMaxMinor: minor
      .nullable()
      .openapi({ description: 'The highest cap that can be agreed to now; null: any.' }),
    dayEndsAt: z.iso.datetime().nullable(),
    monthEndsAt: z.iso.datetime().nullable(),
    timeZone: z.string().nullable(),
    next: z
      .object({ ...ruleFields, at: z.iso.datetime() })
      .nullable()
      .openapi({ description: 'The looser one that was asked for, and when it begins to hold.' }),
  })
  .openapi('SpendingRules') satisfies z.ZodType<SpendingRuleView>;

const consent = z.strictObject({
  amountMinor: minor,
  currency: z.string().regex(/^[a-z]{3}$/),
  credits: z.number().int().openapi({ description: 'With those that come on top.' }),
});

const autoTopUpSchema = z
  .object({
    enabled: z.boolean(),
    agreed: consent
      .extend({ packId: z.string(), lowCredits: z.number().int(), monthMaxMinor: minor })
      .nullable(),
    spentMonthMinor: minor,
    monthEndsAt: z.iso.datetime().nullable(),
    paused: z
      .enum(TOP_UP_PAUSES)
      .nullable()
      .openapi({ description: 'It rests until something is done.' }),
    waits: z
      .object({
        reason: z.enum(['month_max', 'spending_rule']),
        until: z.iso.datetime().nullable(),
      })
      .nullable(),
    open: z
      .object({
        purchaseId: z.uuid(),
        confirmUrl: z.string().nullable(),
        until: z.iso.datetime(),
      })
      .nullable()
      .openapi({ description: 'The one under way; where it is confirmed, for owners and admins.' }),
  })
  .openapi('AutoTopUp') satisfies z.ZodType<AutoTopUpView>;

export const limitsSchema = z
  .object({ overage: overageSchema, alerts, autoTopUp: autoTopUpSchema, rules: rulesSchema })
  .openapi('Limits') satisfies z.ZodType<LimitsView>;

const overageBody = z.strictObject({
  enabled: z.boolean(),
  capMinor: z
    .number()
    .optional()
    .openapi({
      description: `A month, whole, from 0 to ${CAP_MINOR_MAX}; what it was unless told, in the currency that it was in.`,
    }),
  consent: price.optional().openapi({ description: 'What was shown; to switch it on.' }),
});

const typedMaximum = z.number().nullable().optional();
const rulesBody = z.strictObject({
  preset: z.enum(SPENDING_PRESETS),
  currency: z
    .string()
    .regex(/^[a-z]{3}$/, { error: 'takes a currency such as cny' })
    .optional()
    .openapi({ description: 'What the team is billed in, or cny, unless told.' }),
  singleMaxMinor: typedMaximum,
  dayMaxMinor: typedMaximum,
  monthMaxMinor: typedMaximum,
});

const autoTopUpBody = z.discriminatedUnion('enabled', [
  z.strictObject({ enabled: z.literal(false) }),
  z.strictObject({
    enabled: z.literal(true),
    packId: z.string().trim().min(1).max(100),
    lowCredits: z
      .number()
      .openapi({ description: 'Fewer than so many whole credits: one is bought.' }),
    monthMaxMinor: z.number(),
    consent: consent.openapi({ description: 'What was shown of the pack.' }),
  }),
]);

export const limitsBody = z
  .strictObject({
    overage: overageBody.optional(),
    alerts: alerts.optional().openapi({ description: 'With `overage`.' }),
    autoTopUp: autoTopUpBody.optional(),
    rules: rulesBody.optional(),
  })
  .refine(isOneChange, {
    error: 'takes one of overage (with alerts), autoTopUp and rules at a time',
  });

function isOneChange(body: {
  overage?: object;
  alerts?: object;
  autoTopUp?: object;
  rules?: object;
}) {
  const parts = [body.overage, body.autoTopUp, body.rules].filter((one) => one !== undefined);
  return parts.length === 1 && (body.overage !== undefined || body.alerts === undefined);
}
