import path from 'node:path';
import type { ContactView } from '../../domain/api.ts';
import type { RefundPolicies } from '../../domain/billing/remedy.ts';
import { assertProduction, isLoopback } from './production.ts';
import { decideSignInLimits, type SignInLimits } from './sign-in-limits.ts';
import { ConfigError, type Env, type Environment } from './env.ts';
import { decideStripe, type StripeConfig } from './stripe.config.ts';
import { decideTraces, type TracesConfig } from './traces.ts';
import type { TrustedProxies } from './trusted-proxies.ts';

export type DatabaseConfig = { kind: 'embedded'; dataDir: string } | { kind: 'url'; url: string };

export type LlmConfig =
  | { kind: 'storyteller' }
  | {
      kind: 'openai_compatible';
      baseUrl: string;
      apiKey: string | undefined;
      model: string;
      advancedModels: readonly string[];
      /** How long one answer may take in all. */
      timeoutSeconds: number;
    };

export type MailConfig = { kind: 'kept' } | { kind: 'smtp'; url: string };

export interface CheckoutSettings {
  /** Whether Stripe Tax works out what is due, from the customer's address. */
  automaticTax: boolean;
  /** Whether Checkout takes promotion codes. */
  promotionCodes: boolean;
}

/** Everything decided: what the rest of the product is given instead of the environment. */
export interface Config {
  production: boolean;
  /** Written on what we make at Stripe, so that two installations on one account tell theirs apart. */
  environment: Environment;
  /** In production, and yet no real money moves: a staging or a rehearsal. Told on every page. */
  testMode: boolean;
  /** The interface that is listened at; all of them where it is `undefined`. */
  host: string | undefined;
  port: number;
  /** How long everything is still served after SIGTERM. */
  drainSeconds: number;
  /** How long answers under way may go on after that. */
  stopGraceSeconds: number;
  dataDir: string;
  /** Where the built client lies. */
  clientDir: string;
  database: DatabaseConfig;
  /** Without a trailing slash. The only base of the URLs that we hand to Stripe. */
  appUrl: string | undefined;
  /** `undefined` outside production: one is made and kept under `dataDir`. */
  jwtSecret: string | undefined;
  usageIngestToken: string | undefined;
  /** Who may read `/metrics`: anybody on this machine, or who shows the token (nobody without one). */
  metrics: { kind: 'open' } | { kind: 'token'; token: string | undefined };
  stripe: StripeConfig;
  llm: LlmConfig;
  mail: MailConfig & { from: string };
  contact: ContactView;
  signIn: SignInLimits;
  trustedProxies: TrustedProxies;
  /** `at_once`: where no money is real and no mail leaves, an address needs no proof. */
  emailVerification: 'asked' | 'at_once';
  /** Calls of one tenant that reach Stripe, a minute. */
  stripeCallsPerMinute: number;
  /** What is offered and asked for at the till. */
  checkoutSettings: CheckoutSettings;
  pastDueGraceDays: number;
  trialDays: number;
  /** What is done about money that gives nothing. */
  policies: RefundPolicies;
  logLevel: Env['LOG_LEVEL'];
  /** Where traces are sent; `undefined`: none are made. */
  traces: TracesConfig | undefined;
}

/** Decides, defaults and refuses. In production every missing secret is named in one message. */
export function decideConfig(env: Env): Config {
  if (env.NODE_ENV === 'production') assertProduction(env);
  return decideForCommand(env);
}

/**
 * The same for an operator's command, which may run before everything that serving needs is there:
 * it is what makes some of it. A key of the wrong mode is refused all the same.
 */
export function decideForCommand(env: Env): Config {
  const production = env.NODE_ENV === 'production';
  const stripe = decideStripe(env);
  assertKeysFit(env, stripe);
  const host = decideHost(env);
  const dataDir = path.resolve(env.DATA_DIR);
  return {
    production,
    environment: env.NODE_ENV,
    testMode: production && !isLiveStripe(stripe),
    host,
    port: env.PORT,
    drainSeconds: env.DRAIN_SECONDS,
    stopGraceSeconds: env.STOP_GRACE_SECONDS,
    dataDir,
    clientDir: path.resolve(import.meta.dirname, '../../../dist/client'),
    database: decideDatabase(env, dataDir),
    appUrl: env.APP_URL,
    jwtSecret: env.JWT_SECRET,
    usageIngestToken: env.USAGE_INGEST_TOKEN,
    metrics:
      !env.METRICS_TOKEN && !production && isLoopback(host ?? '')
        ? { kind: 'open' }
        : { kind: 'token', token: env.METRICS_TOKEN },
    stripe,
    llm: decideLlm(env),
    mail: {
      from: env.MAIL_FROM,
      ...(env.SMTP_URL ? { kind: 'smtp' as const, url: env.SMTP_URL } : { kind: 'kept' as const }),
    },
    contact: {
      supportEmail: env.SUPPORT_EMAIL ?? null,
      termsUrl: env.TERMS_URL ?? null,
      privacyUrl: env.PRIVACY_URL ?? null,
    },
    signIn: decideSignInLimits(env, production),
    trustedProxies: env.TRUSTED_PROXIES,
    emailVerification:
      !env.SMTP_URL && !(stripe.kind === 'live' && stripe.livemode) ? 'at_once' : 'asked',
    stripeCallsPerMinute: env.STRIPE_CALLS_PER_MINUTE,
    checkoutSettings: {
      automaticTax: env.STRIPE_TAX === 'automatic',
      promotionCodes: env.STRIPE_PROMOTION_CODES === '1',
    },
    pastDueGraceDays: env.PAST_DUE_GRACE_DAYS,
    trialDays: env.TRIAL_DAYS,
    policies: {
      latePayment: env.LATE_PAYMENT,
      duplicateSubscription: env.DUPLICATE_SUBSCRIPTION,
    },
    logLevel: env.LOG_LEVEL,
    traces: decideTraces(env),
  };
}

/** What is allowed and still worth a line at every start. */
export function configWarnings(config: Config): string[] {
  return [
    ...(config.testMode ? [TEST_MODE_WARNING] : []),
    ...(config.production && config.mail.kind === 'kept'
      ? [
          'SMTP_URL is not set: mails are kept in the data folder, and no customer reads of a failed payment or confirms an address.',
        ]
      : []),
  ];
}

/** Production has no local Stripe to fall back on. */
export function assertStripeSet({
  production,
  stripe,
}: Pick<Config, 'production' | 'stripe'>): void {
  if (production && stripe.kind === 'local') {
    throw new ConfigError('Set STRIPE_SECRET_KEY to the key of the account.');
  }
}

/** What is said at the start, and by `npm run doctor`. */
export const TEST_MODE_WARNING =
  'Stripe is in test mode (STRIPE_ALLOW_TEST_KEYS=1): no real money moves, and every page says so.';

/** Real money in production alone, and nothing but real money there unless it is a rehearsal. */
function assertKeysFit(env: Env, stripe: StripeConfig): void {
  const isRehearsal = env.STRIPE_ALLOW_TEST_KEYS === '1';
  if (env.NODE_ENV === 'production' && env.STRIPE_API_BASE && !isRehearsal) {
    throw new ConfigError(
      'STRIPE_API_BASE points at a local Stripe and is refused in production; for a staging or a rehearsal set STRIPE_ALLOW_TEST_KEYS=1.',
    );
  }
  if (stripe.kind === 'local') return;
  const live = isLiveStripe(stripe);
  if (env.NODE_ENV !== 'production' && live) {
    throw new ConfigError(
      `STRIPE_SECRET_KEY is a live key, which moves real money, and NODE_ENV is ${env.NODE_ENV}: use a test key (sk_test_…), or set NODE_ENV=production.`,
    );
  }
  if (env.NODE_ENV === 'production' && !live && !isRehearsal) {
    throw new ConfigError(
      'STRIPE_SECRET_KEY is a test key, with which nobody can pay, and NODE_ENV is production: use a live key, or set STRIPE_ALLOW_TEST_KEYS=1 for a staging or a rehearsal.',
    );
  }
}

function isLiveStripe(stripe: StripeConfig): boolean {
  return stripe.kind === 'live' && stripe.livemode;
}

/** Outside production this machine alone, unless told: the demo's password is known to everybody. */
function decideHost(env: Env): string | undefined {
  return env.HOST ?? (env.NODE_ENV === 'production' ? undefined : '127.0.0.1');
}

function decideDatabase(env: Env, dataDir: string): DatabaseConfig {
  if (!env.DATABASE_URL) return { kind: 'embedded', dataDir: path.join(dataDir, 'postgres') };
  return { kind: 'url', url: env.DATABASE_URL };
}

function decideLlm(env: Env): LlmConfig {
  if (!env.LLM_BASE_URL) return { kind: 'storyteller' };
  return {
    kind: 'openai_compatible',
    baseUrl: env.LLM_BASE_URL,
    apiKey: env.LLM_API_KEY,
    model: env.LLM_MODEL ?? 'gpt-4o-mini',
    advancedModels: env.LLM_ADVANCED_MODELS,
    timeoutSeconds: env.LLM_TIMEOUT_SECONDS,
  };
}
