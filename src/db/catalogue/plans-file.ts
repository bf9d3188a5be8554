import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { PackDefinition } from '../../domain/billing/pack.ts';
import { chargedOf } from '../../domain/money.ts';
import {
  FEATURES,
  type Plan,
  type PlanDefinition,
  type PlanLimits,
  type PlanRates,
  type PlanRollover,
} from '../../domain/plans.ts';
import { parseYaml } from './parse-yaml.ts';

/**
 * What a plan is to include: a version that has no number yet. Seats that are not told are those of
 * the version before.
 */
export type PlanDraft = Omit<PlanDefinition, 'version' | 'seats'> & { seats?: number | undefined };

/** What a pack is to be: a version that has no number yet. */
export type PackDraft = Omit<PackDefinition, 'version' | 'active'>;

/** What comes with the product, and is published where nothing is published yet. */
export const PLANS_FILE = path.resolve(import.meta.dirname, '../../../plans.yaml');

const UNITS_MAX = 1_000_000_000_000_000;
const isAmount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= UNITS_MAX;
const limit = z
  .custom<number | 'unlimited'>((value) => value === 'unlimited' || isAmount(value), {
    error: `takes whole units a month from 0 to ${UNITS_MAX.toLocaleString('en')}, or unlimited`,
  })
  .transform((value) => (value === 'unlimited' ? null : value));

/** A thousand credits a unit; a call then costs at most what the books can add up exactly. */
const RATE_MAX = 1_000_000_000;
const rate = z
  .custom<number>((value) => isAmount(value) && value > 0 && value <= RATE_MAX, {
    error: `takes whole microcredits a unit from 1 to ${RATE_MAX.toLocaleString('en')}; leave the line out where the quota is a hard limit`,
  })
  .optional();
/** Minor units; between them a month's cap and a call's cost are still added up exactly. */
const PRICE_MIN = 0.001;
const PRICE_MAX = 1_000_000;
/** More decimals are lost in a number of YAML's, and nobody's price has them. */
const PRICE = /^\d{1,7}(\.\d{1,6})?$/;
const overagePrice = z
  .custom<number>(
    (value) =>
      typeof value === 'number' &&
      value >= PRICE_MIN &&
      value <= PRICE_MAX &&
      PRICE.test(String(value)),
    {
      error: `takes minor units a credit from ${PRICE_MIN} to ${PRICE_MAX.toLocaleString('en')}, with at most 6 decimals`,
    },
  )
  .transform(String);
const CURRENCIES = new Set(Intl.supportedValuesOf('currency').map((code) => code.toLowerCase()));
/** Lower-case ISO 4217, as Stripe writes it; one that is none could never be paid. */
const currency = z.string().refine((code) => CURRENCIES.has(code));
const NO_CURRENCY = 'takes the three small letters of a currency that there is, such as cny';
const overage = z
  .record(currency, overagePrice, {
    error: ({ code }) => (code === 'invalid_key' ? NO_CURRENCY : undefined),
  })
  .default({});
const isPercent = (value: unknown) => isAmount(value) && value <= 100;
/** Of 0 percent nothing rolls over, as without the line. */
const percent = z
  .custom<number>(isPercent, { error: 'takes whole percents of the limit from 0 to 100' })
  .transform((value) => (value === 0 ? undefined : value))
  .optional();
const SEATS_MAX = 10_000;
const seats = z.custom<number>((value) => isAmount(value) && value >= 1 && value <= SEATS_MAX, {
  error: `takes whole numbers of people from 1 to ${SEATS_MAX.toLocaleString('en')}`,
});

const definition = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(40)
    .regex(/^\P{Cc}*$/u, { error: 'takes one line of text, without control characters' }),
  features: z
    .array(z.enum(FEATURES))
    .refine((all) => new Set(all).size === all.length, { error: 'names a feature twice' }),
  limits: z.strictObject({
    llm_tokens: limit,
    messages: limit,
    images: limit,
    api_calls: limit,
  } satisfies Record<keyof PlanLimits, typeof limit>),
  rates: z
    .strictObject({
      llm_tokens: rate,
      messages: rate,
      images: rate,
      api_calls: rate,
    } satisfies Record<keyof PlanLimits, typeof rate>)
    .default({})
    .transform((rates) => rates as PlanRates),
  overage,
  rollover: z
    .strictObject({
      llm_tokens: percent,
      messages: percent,
      images: percent,
      api_calls: percent,
    } satisfies Record<keyof PlanLimits, typeof percent>)
    .default({})
    .transform(
      (all) =>
        Object.fromEntries(
          Object.entries(all).filter(([, most]) => most !== undefined),
        ) as PlanRollover,
    ),
  seats: seats.optional(),
});

const whole = (least: number, most: number) =>
  z.custom<number>((value) => isAmount(value) && value >= least && value <= most, {
    error: `takes a whole number from ${least.toLocaleString('en')} to ${most.toLocaleString('en')}`,
  });
const CREDITS_MAX = 1_000_000;
const MINOR_MAX = 99_999_999;

const pack = z
  .strictObject({
    credits: whole(1, CREDITS_MAX),
    bonus: whole(0, CREDITS_MAX).default(0),
    valid_days: whole(1, 3_650),
    amounts: z.record(currency, whole(1, MINOR_MAX), {
      error: ({ code }) =>
        code === 'invalid_key'
          ? NO_CURRENCY
          : 'takes an amount in minor units by currency, such as {cny: 600}',
    }),
  })
  .transform(({ valid_days: validDays, amounts, ...rest }) => ({
    ...rest,
    validDays,
    amounts: Object.entries(amounts).map(([currency, amountMinor]) => ({ currency, amountMinor })),
  }))
  .refine(({ amounts }) => amounts.length > 0, {
    path: ['amounts'],
    error: 'names no currency',
  })
  .refine(({ amounts }) => amounts.every((one) => chargedOf(one) > 0), {
    path: ['amounts'],
    error: 'has an amount below the smallest that Stripe charges',
  });

const document = z.strictObject({
  plans: z.strictObject({
    free: definition.refine(({ overage }) => Object.keys(overage).length === 0, {
      path: ['overage'],
      error: 'is not sold on free, where nothing is charged',
    }),
    pro: definition,
    team: definition,
  } satisfies Record<Plan, typeof definition>),
  packs: z
    .record(z.string().regex(/^[a-z][a-z0-9_]{0,29}$/), pack, {
      error: ({ code }) =>
        code === 'invalid_key'
          ? 'takes small letters, digits and _ as the name of a pack'
          : undefined,
    })
    .optional(),
});

/**
 * The plans of a file, cheapest first. Throws one sentence that names the file, the place and what
 * belongs there; a field that nobody knows is refused.
 */
export function readPlansFile(file: string): PlanDraft[] {
  return parsePlans(readFileSync(file, 'utf8'), path.basename(file));
}

/** The packs of a file, in its order; `undefined` where it says nothing of packs. */
export function readPacksFile(file: string): PackDraft[] | undefined {
  return parsePacks(readFileSync(file, 'utf8'), path.basename(file));
}

/** The same for its text; `name` is what a sentence calls it. */
export function parsePlans(text: string, name: string): PlanDraft[] {
  return Object.entries(parseDocumentOf(text, name).plans).map(([plan, values]) => ({
    plan: plan as Plan,
    ...values,
  }));
}

export function parsePacks(text: string, name: string): PackDraft[] | undefined {
  const { packs } = parseDocumentOf(text, name);
  return packs && Object.entries(packs).map(([id, values]) => ({ id, ...values }));
}

function parseDocumentOf(text: string, name: string): z.output<typeof document> {
  return parseYaml(document, text, name);
}
