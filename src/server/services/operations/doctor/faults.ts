/** What can be wrong with an installation: why that matters, and what mends it. */
const FAULTS = {
  secret_missing: ['the product does not start', 'Set it; .env.example explains each.'],
  secret_weak: ['whoever guesses it is let in', 'Make one with `openssl rand -base64 48`.'],
  address_without_tls: [
    'sessions and payment links travel in the clear',
    'Set APP_URL to an https address; TLS ends at the proxy in front.',
  ],
  key_modes_differ: ['pages and server speak to different worlds', 'Take both keys of one mode.'],
  mail_not_sent: [
    'no customer reads of a failed payment or confirms an address',
    'Set SMTP_URL and MAIL_FROM.',
  ],
  mail_from_nowhere: [
    'other mail servers refuse what is from it, or call it spam',
    'Set MAIL_FROM to an address of a domain that is yours.',
  ],
  proxies_untrusted: [
    'everybody has the proxy’s address, and shares its limits of signing in',
    'Set TRUSTED_PROXIES to the proxies’ addresses or their number.',
  ],
  data_dir_unwritable: [
    'secrets and mails cannot be kept',
    'Give this user the right to write there, or choose another folder with DATA_DIR.',
  ],
  disk_nearly_full: ['what cannot be written is refused', 'Make room on it.'],
  database_away: ['nothing works without it', 'Start it, or correct DATABASE_URL.'],
  database_login_refused: [
    'nothing works without it',
    'Correct user and password in DATABASE_URL.',
  ],
  database_missing: ['nothing works without it', 'Create it, or correct its name in DATABASE_URL.'],
  database_old: ['this version needs its tables', 'Run `npm run db:migrate`.'],
  buckets_incomplete: [
    'tenants whose metering lies there cannot be metered',
    'Restore its schema (u00 to u99) from the backup, with all of the database.',
  ],
  bucket_server_away: [
    'tenants whose metering lies there are refused',
    'Start it, or put right what it says; “Losing a worker” in docs/scale-out.md says more.',
  ],
  bucket_server_incomplete: [
    'tenants whose metering lies there are refused, or metered wrongly',
    'See “What doctor finds” in docs/scale-out.md.',
  ],
  bucket_misplaced: [
    'tenants whose metering lies there are refused, or metered wrongly',
    'See “What doctor finds” in docs/scale-out.md.',
  ],
  cluster_not_ready: [
    'buckets cannot be made on workers, moved or changed',
    'Put it right as “Set-up” in docs/scale-out.md says.',
  ],
  copies_differ: [
    'calls are admitted by other limits than the tenant has',
    'Run `npm run usage:verify -- --rebuild`.',
  ],
  connections_too_few: [
    'under load its processes are refused what they need, and answer 503',
    'Raise max_connections of the server (or the limit of the role or the database), or run fewer processes.',
  ],
  connections_scarce: [
    'a release runs one process more for a while, and who finds no place answers 503',
    'Raise max_connections of the server (or the limit of the role or the database), or leave more of it free.',
  ],
  commits_not_durable: [
    'usage and payments that were answered for are lost, or its files are broken, when its power fails',
    'Switch it on again, for the role and the database too; “PostgreSQL” in docs/deployment/production.md says more.',
  ],
  database_drifted: [
    'later migrations rely on earlier ones',
    'See “Releases and migrations” in docs/deployment/production.md.',
  ],
  clock_skewed: [
    'tokens, signatures and the ends of periods are judged by it',
    'Let both machines follow a time server.',
  ],
  jobs_late: [
    'events, mails and reconciling wait',
    'Is `npm start` running? Its log says what fails.',
  ],
  events_dead: ['billing may differ from Stripe', 'Mend the cause, then `npm run events:replay`.'],
  events_late: ['billing lags behind Stripe', 'Is `npm start` running? Its log says what fails.'],
  alert_open: ['somebody has to look', 'docs/runbook.md says what to do for each kind.'],
  ledger_differs: [
    'limits and bills go by counters',
    'Keep what `npm run usage:verify` says, then run `npm run usage:verify -- --rebuild`.',
  ],
  business_differs: [
    'the operator’s page tells another business than there was',
    'Run `npm run usage:verify -- --rebuild`.',
  ],
  statements_differ: [
    'what was billed is not what was used',
    'Put right what `npm run usage:verify` names (“A statement is stuck” in docs/runbook.md says how), then run `npm run usage:verify -- --rebuild`, which closes the alert.',
  ],
  deliveries_refused: [
    'Stripe’s events are refused, and come only when the reconciler fetches them',
    'Set STRIPE_WEBHOOK_SECRET to the secret that the dashboard shows for the endpoint.',
  ],
  stripe_away: ['nobody can buy or change', 'Try again; status.stripe.com says what it knows.'],
  stripe_key_refused: ['nobody can buy or change', 'Correct STRIPE_SECRET_KEY.'],
  price_unusable: ['it cannot be bought', 'Correct the variable, or run `npm run stripe:setup`.'],
  price_in_two_slots: ['one plan is sold as another', 'Give each variable its own price.'],
  price_of_another_plan: ['one plan is sold as another', 'Give the variable a price of its plan.'],
  price_tax_unsaid: ['Stripe refuses to sell it with tax', 'Run `npm run stripe:setup`.'],
  currencies_mixed: [
    'Stripe refuses a change between currencies',
    'Take prices of one currency, or give each the other’s as a further currency.',
  ],
  portal_missing: ['customers cannot manage payment', 'Run `npm run stripe:setup`.'],
  portal_inactive: [
    'customers who open the portal get an error',
    'Activate it in the dashboard, or unset STRIPE_PORTAL_CONFIGURATION and run `npm run stripe:setup`.',
  ],
  portal_upgrades_uncharged: ['a plan is given before it is paid', 'Run `npm run stripe:setup`.'],
  portal_downgrades_at_once: ['what is paid is taken away', 'Run `npm run stripe:setup`.'],
  portal_cancels_at_once: ['what is paid is taken away', 'Run `npm run stripe:setup`.'],
  endpoint_missing: ['no event arrives by itself', 'Run `npm run stripe:setup`.'],
  endpoint_disabled: ['no event arrives by itself', 'Run `npm run stripe:setup`.'],
  endpoint_old_version: [
    'its events have another shape, which cannot be changed',
    'Run `npm run stripe:setup -- --rotate`, and set the new secret.',
  ],
  endpoint_lacks_events: ['some changes are seen late', 'Run `npm run stripe:setup`.'],
  endpoint_elsewhere: ['no event arrives here by itself', 'Run `npm run stripe:setup`.'],
  endpoint_twice: [
    'every event comes twice, and of one of them with a secret that is not set',
    'Remove the one that is not ours in the dashboard.',
  ],
  endpoint_unsigned: ['every delivery is refused', 'Set STRIPE_WEBHOOK_SECRET.'],
  smtp_away: ['no mail leaves', 'Correct SMTP_URL, or start what listens there.'],
  smtp_refuses: ['no mail leaves', 'Correct user and password in SMTP_URL.'],
  llm_away: ['nobody can chat', 'Correct LLM_BASE_URL, or start what listens there.'],
  llm_elsewhere: [
    'nobody can chat',
    'Correct LLM_BASE_URL: the address up to and including /v1, as its provider says.',
  ],
  llm_model_unknown: [
    'who chats with it gets an error',
    'Correct LLM_MODEL or LLM_ADVANCED_MODELS by the list of models.',
  ],
  llm_refuses_key: ['nobody can chat', 'Correct LLM_API_KEY.'],
} as const satisfies Record<string, readonly [why: string, mend: string]>;

export type FaultName = keyof typeof FAULTS;

/**
 * What cannot be known for certain from here: a provider may know models that it does not list, mail may be
 * for a network of one's own, and nobody says how many processes there will be. It is told, and nothing
 * fails for it.
 */
const DOUBTS: ReadonlySet<FaultName> = new Set([
  'mail_from_nowhere',
  'llm_model_unknown',
  'connections_scarce',
]);

/** One thing looked at; `fault` is absent where all is well, or where it cannot be seen: `hint` says of that. */
export interface Finding {
  subject: string;
  hint?: string;
  fault?: { name: FaultName; what: string; why: string; mend: string; isDoubt: boolean };
}

export const well = (subject: string): Finding => ({ subject });

/** What no program can look at, and a person has to, once. */
export const toSee = (subject: string, hint: string): Finding => ({ subject, hint });

/** `what` was found, in a sentence. */
export function fault(subject: string, name: FaultName, what: string): Finding {
  const [why, mend] = FAULTS[name];
  return { subject, fault: { name, what, why, mend, isDoubt: DOUBTS.has(name) } };
}
