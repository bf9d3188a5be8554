import { z } from '@hono/zod-openapi';
import type { UsageHistory, UsageStats } from '../../domain/api.ts';
import { RESOURCE_TYPES } from '../../domain/quota.ts';
import { BREAKDOWNS, type UsageBreakdown } from '../../domain/billing/usage/breakdown.ts';

const units = z.number().int();

export const usageStatsSchema = z
  .object({
    period: z.string(),
    resetsAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    resources: z.array(
      z.object({
        resourceType: z.enum(RESOURCE_TYPES),
        used: units,
        held: units,
        limit: units.nullable(),
        remaining: units.nullable(),
        quotaLeft: units.nullable().openapi({
          description: 'What of `limit` is not used, also where a hold keeps it.',
        }),
        percent: units.nullable(),
        level: z.enum(['ok', 'warning', 'exceeded', 'not_included', 'unlimited']),
        beyond: units,
        rateMicro: units.nullable(),
        allowance: units.openapi({
          description: 'What allowances add to the quota of the plan in `limit`, or take off it.',
        }),
      }),
    ),
  })
  .openapi('UsageStats') satisfies z.ZodType<UsageStats>;

export const usageHistorySchema = z
  .object({
    days: z.array(
      z.object({
        date: z.iso.date(),
        llm_tokens: units,
        messages: units,
        images: units,
        api_calls: units,
      }),
    ),
  })
  .openapi('UsageHistory') satisfies z.ZodType<UsageHistory>;

const counted = {
  used: z.object({ llm_tokens: units, messages: units, images: units, api_calls: units }),
  credits: z.number().openapi({ description: 'Credits, up to six decimals.' }),
};

export const breakdownSchema = z
  .object({
    period: z.string(),
    by: z.enum(BREAKDOWNS),
    parts: z.array(
      z.object({
        id: z.string().nullable().openapi({
          description:
            'A person’s or character’s id, a model, a UTC day; `null` where none is known.',
        }),
        name: z.string().nullable(),
        ...counted,
      }),
    ),
    othersTogether: z.boolean().openapi({
      description: 'Whether the part without an id is everybody but the reader.',
    }),
    total: z.object(counted),
  })
  .openapi('UsageBreakdown') satisfies z.ZodType<UsageBreakdown>;

export const periodQuery = z.object({
  period: z.string().optional().openapi({ example: '2026-05', description: 'The present month.' }),
});

export const breakdownQuery = periodQuery.extend({ by: z.enum(BREAKDOWNS) });

export const historyQuery = z.object({
  days: z
    .enum(['7', '30', '90'])
    .default('30')
    .transform(Number)
    .openapi({ type: 'integer', enum: [7, 30, 90], description: 'Days, today the last.' }),
  period: z.string().optional().openapi({
    example: '2026-05',
    description: 'The days of this month; then `days` says nothing.',
  }),
});

const metadata = z.record(z.string(), z.unknown());

const occurredAt = z.string().max(40).optional().openapi({
  format: 'date-time',
  description:
    'When the work started, ISO 8601: at most 35 days back and 5 minutes ahead. It counts in the month of that instant. Now unless said.',
});

/** For the document alone: events are checked one by one, so that a bad one loses no other. */
export const eventsBody = z
  .strictObject({
    events: z
      .array(
        z.strictObject({
          tenantId: z.uuid(),
          resourceType: z.enum(RESOURCE_TYPES),
          amount: units.min(1).optional().openapi({
            description: 'Needed without `raw`; with it the sum of its tokens.',
          }),
          idempotencyKey: z.string().min(1).max(255),
          metadata: metadata.optional(),
          occurredAt,
          model: z.string().min(1).max(200).optional(),
          memberId: z.uuid().optional().openapi({ description: 'Who used it.' }),
          characterId: z.uuid().optional(),
          raw: z
            .strictObject({
              input: units.min(0).optional(),
              cached: units.min(0).optional(),
              output: units.min(0).optional(),
            })
            .optional()
            .openapi({
              description:
                'Of `llm_tokens`: tokens read anew, read from a cache and written. What is recorded are units: these by the weights of the rate card that was in force when the work started. A model that the card does not know has the weights of `*`; without these it is answered `invalid` with `unknown_model`.',
            }),
          enforce: z.boolean().optional().openapi({
            description: 'True unless said: what would pass the limit is rejected.',
          }),
        }),
      )
      .min(1)
      .max(1000),
  })
  .openapi('UsageEvents');

const counters = { used: units, limit: units.nullable(), remaining: units.nullable() };

export const eventResults = z
  .object({
    results: z.array(
      z.union([
        z.object({
          status: z.enum(['recorded', 'duplicate', 'rejected']),
          ...counters,
          charged: z
            .object({ credits: z.number(), from: z.array(z.enum(['credits', 'overage'])) })
            .optional()
            .openapi({
              description:
                'Of what was recorded now: the credits that it took beyond the quota, and what paid them.',
            }),
          reason: z.literal('member_limit').optional().openapi({
            description: 'Rejected by the limit of `memberId`, whose counters these are.',
          }),
          held: units.optional().openapi({
            description: 'Of a rejection: what open reservations keep.',
          }),
          retryAfterSeconds: units.optional().openapi({
            description:
              'Of a rejection for which what is held is the only reason: send the same event again then, with the same key.',
          }),
        }),
        z.object({ status: z.literal('invalid'), error: z.string(), code: z.string() }),
      ]),
    ),
  })
  .openapi('UsageEventResults');

export const reservationBody = z
  .strictObject({
    tenantId: z.uuid(),
    resourceType: z.enum(RESOURCE_TYPES),
    amount: units.min(1),
    ttlSeconds: units.min(1).max(86_400),
    idempotencyKey: z.string().min(1).max(255),
    metadata: metadata.optional(),
    occurredAt,
  })
  .openapi('ReservationRequest');

export const reservationSchema = z
  .object({
    reservationId: z.string(),
    expiresAt: z.iso.datetime(),
    remaining: units.nullable(),
  })
  .openapi('Reservation');

export const settleBody = z.strictObject({ amount: units.min(0), metadata: metadata.optional() });

export const settledSchema = z.object({ used: units, remaining: units.nullable() });

export const reservationParam = z.object({
  id: z.string().openapi({ param: { name: 'id', in: 'path' }, example: 'rsv_…' }),
});
