import { z } from '@hono/zod-openapi';
import type { AnnouncedChange } from '../../domain/api.ts';
import { FEATURES } from '../../domain/plans.ts';
import { RESOURCE_TYPES } from '../../domain/quota.ts';

const resourceType = z.enum(RESOURCE_TYPES);
const worseTerm = z.discriminatedUnion('what', [
  z.object({
    ...{ what: z.literal('limit'), resourceType },
    ...{ from: z.number().nullable(), to: z.number() },
  }),
  z
    .object({
      ...{ what: z.literal('rate'), resourceType },
      ...{ from: z.number(), to: z.number().nullable() },
    })
    .openapi({ description: 'µcr a unit beyond the quota; null: none is sold any more.' }),
  z
    .object({
      ...{ what: z.literal('overage'), currency: z.string() },
      ...{ from: z.string(), to: z.string().nullable() },
    })
    .openapi({ description: 'Minor units a credit of overage; null: none is sold any more.' }),
  z
    .object({ what: z.literal('rollover'), resourceType, from: z.number(), to: z.number() })
    .openapi({ description: 'Percent of the quota that roll over.' }),
  z.object({ what: z.literal('seats'), from: z.number(), to: z.number() }),
  z.object({ what: z.literal('feature'), feature: z.enum(FEATURES) }),
]);
/** What is announced of a plan. */
export const announcedChange = z
  .object({ effectiveAt: z.iso.datetime(), terms: z.array(worseTerm) })
  .nullable()
  .openapi({
    description:
      'What the plan will include less of, or ask more for, of all who have it and who buy it until then; null once it is in force or called off.',
  }) satisfies z.ZodType<AnnouncedChange | null>;
