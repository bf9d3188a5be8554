import type { Config } from '../../../config/config.ts';
import { isIngestTokenShort, isOpenHttp, missingInProduction } from '../../../config/production.ts';
import type { Env } from '../../../config/env.ts';
import { fault, well, type Finding } from './faults.ts';

const SUBJECT = 'Settings';

/** A secret of so few characters, or one that everybody tries first. */
const FEW_DIFFERENT = 10;
const FIRST_TRIES = /^(secret|password|changeme|change-me|test|example|your[-_])/i;

/** Looks at the settings alone; every one is well-formed by now. */
export function examineSettings(env: Env, config: Config): Finding[] {
  const missing = config.production ? missingInProduction(env) : [];
  const weak = (['JWT_SECRET', 'USAGE_INGEST_TOKEN', 'METRICS_TOKEN'] as const).filter((name) =>
    isWeak(env[name]),
  );
  const found = [
    ...missing.map((name) => fault(SUBJECT, 'secret_missing', `${name} is not set.`)),
    ...weak.map((name) => fault(SUBJECT, 'secret_weak', `${name} can be guessed.`)),
    ...(config.production && isIngestTokenShort(env)
      ? [fault(SUBJECT, 'secret_weak', 'USAGE_INGEST_TOKEN is so short that the start refuses it.')]
      : []),
    ...(config.production && isOpenHttp(config.appUrl)
      ? [fault(SUBJECT, 'address_without_tls', `APP_URL is ${config.appUrl}.`)]
      : []),
    ...(modesDiffer(env)
      ? [
          fault(
            SUBJECT,
            'key_modes_differ',
            'STRIPE_SECRET_KEY and STRIPE_PUBLISHABLE_KEY are of different modes.',
          ),
        ]
      : []),
    ...(config.production && config.mail.kind === 'kept'
      ? [fault('Mail', 'mail_not_sent', 'SMTP_URL is not set, so mails are only kept.')]
      : []),
    ...(config.production && config.mail.kind === 'smtp' && isFromNowhere(config.mail.from)
      ? [fault('Mail', 'mail_from_nowhere', `MAIL_FROM is ${config.mail.from}.`)]
      : []),
  ];
  return found.length > 0 ? found : [well(SUBJECT)];
}

function isWeak(secret: string | undefined): boolean {
  if (secret === undefined) return false;
  return new Set(secret).size < FEW_DIFFERENT || FIRST_TRIES.test(secret);
}

/** Of this machine or of a name that is no domain: nobody else can answer it, or ask who may send for it. */
function isFromNowhere(from: string): boolean {
  const domain = /@([^\s<>@]+)>?$/.exec(from)?.[1] ?? '';
  return !domain.includes('.') || /\.(localhost|local|invalid|test)$/i.test(domain);
}

function modesDiffer({ STRIPE_SECRET_KEY: secret, STRIPE_PUBLISHABLE_KEY: published }: Env) {
  if (!secret || !published) return false;
  return secret.includes('_live_') !== published.includes('_live_');
}
