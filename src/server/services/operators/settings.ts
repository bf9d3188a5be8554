import type { NamedValue } from '../../../domain/accounts/operator-inbox.ts';
import type { Config } from '../../config/config.ts';

/**
 * The settings that this process decided by, as people may see them. Each is named here, so that no new
 * secret is shown because nobody thought of it.
 */
export function describeSettings(config: Config & { appUrl: string }): NamedValue[] {
  const { stripe, llm, mail, checkoutSettings, policies, database, metrics } = config;
  const settings: [string, string | number | boolean | undefined][] = [
    ['NODE_ENV', config.environment],
    ['APP_URL', config.appUrl],
    ['HOST', config.host],
    ['PORT', config.port],
    ['DRAIN_SECONDS', config.drainSeconds],
    ['STOP_GRACE_SECONDS', config.stopGraceSeconds],
    ['DATABASE_URL', database.kind === 'url' ? withoutPassword(database.url) : 'embedded'],
    ['STRIPE_SECRET_KEY', 'secretKey' in stripe ? masked(stripe.secretKey) : stripe.kind],
    [
      'STRIPE_WEBHOOK_SECRET',
      'webhookSecrets' in stripe ? stripe.webhookSecrets.map(masked).join(', ') : undefined,
    ],
    [
      'STRIPE_PORTAL_CONFIGURATION',
      'portalConfiguration' in stripe ? stripe.portalConfiguration : undefined,
    ],
    ['STRIPE_TAX', checkoutSettings.automaticTax],
    ['STRIPE_PROMOTION_CODES', checkoutSettings.promotionCodes],
    ['STRIPE_CALLS_PER_MINUTE', config.stripeCallsPerMinute],
    ['LLM_MODEL', llm.kind === 'storyteller' ? llm.kind : llm.model],
    ['LLM_BASE_URL', llm.kind === 'storyteller' ? undefined : withoutPassword(llm.baseUrl)],
    ['SMTP_URL', mail.kind === 'smtp' ? withoutPassword(mail.url) : undefined],
    ['MAIL_FROM', mail.from],
    ['SUPPORT_EMAIL', config.contact.supportEmail ?? undefined],
    ['EMAIL_VERIFICATION', config.emailVerification],
    ['PAST_DUE_GRACE_DAYS', config.pastDueGraceDays],
    ['TRIAL_DAYS', config.trialDays],
    ['LATE_PAYMENT', policies.latePayment],
    ['DUPLICATE_SUBSCRIPTION', policies.duplicateSubscription],
    ['METRICS_TOKEN', metrics.kind],
    ['LOG_LEVEL', config.logLevel],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', config.traces === undefined ? undefined : 'set'],
  ];
  return settings.map(([name, value]) => ({ name, value: String(value ?? '–') }));
}

/** What tells one key from another, and its mode: `sk_live_…1a2b`. */
function masked(secret: string): string {
  const [head = ''] = /^((sk|rk|pk)_(test|live)_|whsec_)?/.exec(secret) ?? [];
  return `${head}…${secret.slice(-4)}`;
}

/** Words behind the `?` of an address that are no secret; all others are masked. */
const HARMLESS = ['host', 'sslmode', 'application_name'];

function withoutPassword(address: string): string {
  try {
    const url = new URL(address);
    if (url.password) url.password = '…';
    // PostgreSQL takes a password there too.
    for (const name of new Set(url.searchParams.keys())) {
      if (!HARMLESS.includes(name)) url.searchParams.set(name, '…');
    }
    return decodeURI(url.href);
  } catch {
    return 'set';
  }
}
