import { z } from 'zod';
import { REFUND_POLICIES } from '../../domain/billing/remedy.ts';
import { readHeaders, SAMPLERS } from './trace-variables.ts';
import { readTrustedProxies, TRUSTED_PROXIES_WANTED } from './trusted-proxies.ts';
import {
  address,
  host,
  integer,
  list,
  matching,
  oneOf,
  optionalInteger,
  optionalNumber,
  readBy,
  text,
  textOr,
} from './variable.ts';

const ENVIRONMENTS = ['production', 'development', 'test'] as const;
const TAX_MODES = ['off', 'automatic'] as const;
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const PLAIN = '[\\x20-\\x7e]';
/** One e-mail address, and neither a list of them nor the address of a server with its password. */
const EMAIL = '[^\\s<>@,;:/?&]+@[^\\s<>@,;:/?&]+';
const price = matching(/^(price|plan)_\w+$/, 'be the id of a price, which begins with price_');
const token = (length: number) =>
  matching(new RegExp(`^${PLAIN}{${length},}$`), `have at least ${length} plain characters`);

const envSchema = z.object({
  NODE_ENV: oneOf(ENVIRONMENTS, 'development'),
  HOST: host,
  PORT: integer(3000, 0, 65_535),
  DRAIN_SECONDS: integer(5, 0, 600),
  STOP_GRACE_SECONDS: integer(30, 0, 3_600),
  LOCAL_STRIPE_PORT: integer(12_111, 0, 65_535),
  DATA_DIR: textOr('./.data'),
  DATABASE_URL: readBy(
    'be an address that begins with postgres:// or postgresql://, as in postgres://user:password@host:5432/name',
    (value) =>
      /^postgres(ql)?:\/\/[^\s#]+$/.test(value) && URL.canParse(value) ? value : undefined,
    undefined,
  ),
  APP_URL: address(['http:', 'https:'], 'https://billing.example.com'),
  JWT_SECRET: readBy(
    'have at least 32 bytes; `openssl rand -base64 48` makes one',
    (value) => (Buffer.byteLength(value) >= 32 ? value : undefined),
    undefined,
  ),
  USAGE_INGEST_TOKEN: token(1),
  METRICS_TOKEN: token(16),
  STRIPE_SECRET_KEY: matching(
    /^(sk|rk)_(test|live)_[\w-]+$/,
    'begin with sk_test_, sk_live_, rk_test_ or rk_live_',
  ),
  STRIPE_PUBLISHABLE_KEY: matching(/^pk_(test|live)_[\w-]+$/, 'begin with pk_test_ or pk_live_'),
  STRIPE_WEBHOOK_SECRET: list(
    /^whsec_\S+$/,
    'be one secret that begins with whsec_, or several with commas between',
  ),
  STRIPE_PRICE_PRO_MONTHLY: price,
  STRIPE_PRICE_PRO_YEARLY: price,
  STRIPE_PRICE_TEAM_MONTHLY: price,
  STRIPE_PORTAL_CONFIGURATION: matching(
    /^bpc_\w+$/,
    'be the id of a portal configuration, which begins with bpc_',
  ),
  STRIPE_API_BASE: matching(
    /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?\/?$/,
    'be an http address on this machine, such as http://127.0.0.1:12111',
  ),
  STRIPE_TIMEOUT_SECONDS: optionalNumber(0.05, 80),
  STRIPE_ALLOW_TEST_KEYS: oneOf(['0', '1'], '0'),
  STRIPE_TAX: oneOf(TAX_MODES, 'off'),
  STRIPE_PROMOTION_CODES: oneOf(['0', '1'], '0'),
  SMTP_URL: address(['smtp:', 'smtps:'], 'smtp://user:password@mail.example.com:587'),
  MAIL_FROM: readBy(
    'be an e-mail address, or a name with one: Small Squaretable <billing@example.com>',
    (value) =>
      new RegExp(`^([^<>\\p{Cc}]*<${EMAIL}>|${EMAIL})$`, 'u').test(value) ? value : undefined,
    'Small Squaretable <billing@localhost>',
  ),
  SUPPORT_EMAIL: matching(
    new RegExp(`^${EMAIL}$`),
    'be an e-mail address, such as help@example.com',
  ),
  TERMS_URL: address(['http:', 'https:'], 'https://example.com/terms'),
  PRIVACY_URL: address(['http:', 'https:'], 'https://example.com/privacy'),
  LLM_BASE_URL: address(['http:', 'https:'], 'https://api.example.com/v1'),
  LLM_API_KEY: token(1),
  LLM_MODEL: text,
  LLM_ADVANCED_MODELS: list(/^\P{Cc}+$/u, 'be names of models with commas between'),
  LLM_TIMEOUT_SECONDS: integer(300, 1, 3_600),
  PAST_DUE_GRACE_DAYS: integer(7, 0, 365),
  TRIAL_DAYS: integer(0, 0, 730),
  LATE_PAYMENT: oneOf(REFUND_POLICIES, 'refund'),
  DUPLICATE_SUBSCRIPTION: oneOf(REFUND_POLICIES, 'refund'),
  TRUSTED_PROXIES: readBy(TRUSTED_PROXIES_WANTED, readTrustedProxies, { kind: 'none' }),
  LOGIN_FAILURES_MAX: optionalInteger(1, 100_000),
  LOGIN_WINDOW_MINUTES: optionalInteger(1, 1_440),
  REGISTRATIONS_PER_HOUR: optionalInteger(1, 100_000),
  STRIPE_CALLS_PER_MINUTE: integer(10, 1, 100_000),
  LOG_LEVEL: oneOf(LOG_LEVELS, 'info'),
  OTEL_EXPORTER_OTLP_ENDPOINT: address(['http:', 'https:'], 'http://127.0.0.1:4318'),
  OTEL_EXPORTER_OTLP_HEADERS: readBy(
    'be names and values with commas between, as in authorization=Bearer%20abc',
    readHeaders,
    {},
  ),
  OTEL_SERVICE_NAME: textOr('small-squaretable-billing'),
  OTEL_TRACES_SAMPLER: oneOf(SAMPLERS, 'parentbased_always_on'),
  OTEL_TRACES_SAMPLER_ARG: optionalNumber(0, 1),
});

/** Where the product runs. An empty `NODE_ENV` is development. */
export type Environment = (typeof ENVIRONMENTS)[number];

/** What every variable means: parsed and checked one by one, nothing decided between them yet. */
export type Env = z.infer<typeof envSchema>;

/** Every variable that is read. */
export const VARIABLES = Object.keys(envSchema.shape) as (keyof Env)[];

/** A setting that keeps the process from starting; `message` is the one sentence to print. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The only reader of `process.env`. Throws a `ConfigError` with a sentence for each malformed variable. */
export function readEnv(source: Record<string, string | undefined> = process.env): Env {
  const parsed = envSchema.safeParse(source);
  if (parsed.success) return parsed.data;
  const sentences = parsed.error.issues.map(({ path: [name], message }) => {
    const written = source[String(name)] ?? '';
    return `${String(name)} (${shown(String(name), written)}) must ${message}.`;
  });
  throw new ConfigError(sentences.join('\n'));
}

/** Stands in the line of another setting where somebody copied one line too far. */
const KEY_OF_STRIPE = /^([sr]k_|whsec_)/;

/** Of what is secret only enough to know it again; of an address everything but its password and what is asked of it. */
function shown(name: string, written: string): string {
  const known = written.trim();
  if (/(_SECRET|_KEY|_TOKEN|_HEADERS)$/.test(name) || KEY_OF_STRIPE.test(known)) {
    return `"${known.length < 12 ? '' : known.slice(0, 4)}…", ${known.length} characters`;
  }
  const withoutPassword = known.replace(/(:\/\/|^)([^:@]*):.*@/, '$1$2:…@');
  return `"${withoutPassword.replace(/\?.+/, '?…')}"`;
}
