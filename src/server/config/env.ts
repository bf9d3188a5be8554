import { z } from 'zod';
import { REFUND_POLICIES } from '../../domain/remedy.ts';

const blankAsAbsent = (value: unknown) =>
  typeof value === 'string' && value.trim() === '' ? undefined : value;
const text = z.preprocess(blankAsAbsent, z.string().trim().optional());
const integer = (fallback: number, min: number, max: number) =>
  z.preprocess(blankAsAbsent, z.coerce.number().int().min(min).max(max).default(fallback));

const oneOf = <const T extends readonly [string, ...string[]]>(words: T, fallback: T[number]) =>
  z.preprocess(blankAsAbsent, z.enum(words).default(fallback as never));

const ENVIRONMENTS = ['production', 'development', 'test'] as const;
const optionalInteger = (min: number, max: number) =>
  z.preprocess(blankAsAbsent, z.coerce.number().int().min(min).max(max).optional());

const envSchema = z.object({
  NODE_ENV: oneOf(ENVIRONMENTS, 'development'),
  PORT: integer(3000, 0, 65_535),
  DRAIN_SECONDS: integer(5, 0, 600),
  STOP_GRACE_SECONDS: integer(30, 0, 3_600),
  LOCAL_STRIPE_PORT: integer(12_111, 0, 65_535),
  DATA_DIR: z.preprocess(blankAsAbsent, z.string().default('./.data')),
  DATABASE_URL: text,
  APP_URL: text,
  JWT_SECRET: text,
  USAGE_INGEST_TOKEN: text,
  STRIPE_SECRET_KEY: text,
  STRIPE_PUBLISHABLE_KEY: text,
  STRIPE_WEBHOOK_SECRET: text,
  STRIPE_PRICE_PRO_MONTHLY: text,
  STRIPE_PRICE_PRO_YEARLY: text,
  STRIPE_PRICE_TEAM_MONTHLY: text,
  STRIPE_PORTAL_CONFIGURATION: text,
  STRIPE_API_BASE: text,
  STRIPE_TIMEOUT_SECONDS: z.preprocess(
    blankAsAbsent,
    z.coerce.number().min(0.05).max(80).optional(),
  ),
  STRIPE_ALLOW_TEST_KEYS: z.preprocess(blankAsAbsent, z.enum(['0', '1']).default('0')),
  SMTP_URL: text,
  MAIL_FROM: z.preprocess(
    blankAsAbsent,
    z.string().default('Small Squaretable <billing@localhost>'),
  ),
  LLM_BASE_URL: text,
  LLM_API_KEY: text,
  LLM_MODEL: text,
  LLM_ADVANCED_MODELS: text,
  LLM_TIMEOUT_SECONDS: integer(300, 1, 3_600),
  PAST_DUE_GRACE_DAYS: integer(7, 0, 365),
  TRIAL_DAYS: integer(0, 0, 730),
  LATE_PAYMENT: oneOf(REFUND_POLICIES, 'refund'),
  DUPLICATE_SUBSCRIPTION: oneOf(REFUND_POLICIES, 'refund'),
  TRUSTED_PROXIES: text,
  LOGIN_FAILURES_MAX: optionalInteger(1, 100_000),
  LOGIN_WINDOW_MINUTES: optionalInteger(1, 1_440),
  REGISTRATIONS_PER_HOUR: optionalInteger(1, 100_000),
  STRIPE_CALLS_PER_MINUTE: integer(10, 1, 100_000),
  LOG_LEVEL: z.preprocess(
    blankAsAbsent,
    z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  ),
});

/** Where the product runs. An empty `NODE_ENV` is development. */
export type Environment = (typeof ENVIRONMENTS)[number];

/** The environment as written: parsed, nothing decided yet. */
export type Env = z.infer<typeof envSchema>;

/** A setting that keeps the process from starting; `message` is the one sentence to print. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The only reader of `process.env`. Throws a `ConfigError` that names each malformed variable. */
export function readEnv(source: Record<string, string | undefined> = process.env): Env {
  const parsed = envSchema.safeParse(source);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    (issue) =>
      `${issue.path.join('.')} ("${source[String(issue.path[0])] ?? ''}"): ${issue.message}`,
  );
  throw new ConfigError(`Correct these environment variables: ${problems.join('; ')}.`);
}
