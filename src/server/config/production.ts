import { ConfigError, type Env } from './env.ts';

/** What serving in production needs and is not set. */
export function missingInProduction(env: Env): string[] {
  return [
    ...(env.STRIPE_SECRET_KEY ? [] : ['STRIPE_SECRET_KEY']),
    ...(env.STRIPE_WEBHOOK_SECRET.length > 0 ? [] : ['STRIPE_WEBHOOK_SECRET']),
    ...(env.JWT_SECRET ? [] : ['JWT_SECRET (at least 32 bytes)']),
    ...(env.APP_URL ? [] : ['APP_URL']),
  ];
}

/** Throws a `ConfigError` that names what production needs and lacks, or what it must not have. */
export function assertProduction(env: Env): void {
  const missing = missingInProduction(env);
  if (missing.length > 0) {
    throw new ConfigError(`In production, set ${missing.join(', ')}; .env.example explains each.`);
  }
  if (isIngestTokenShort(env)) {
    throw new ConfigError(
      `In production USAGE_INGEST_TOKEN must have at least ${SECRET_LENGTH_MIN} characters, as whoever has it records usage for everybody; \`openssl rand -base64 48\` makes one.`,
    );
  }
  if (isOpenHttp(env.APP_URL)) {
    throw new ConfigError(
      `In production APP_URL ("${env.APP_URL}") must be https, or sessions and payment links travel in the clear; http is taken for this machine alone.`,
    );
  }
}

/** Whether whoever guesses a little gets through. */
export function isIngestTokenShort({ USAGE_INGEST_TOKEN: token }: Env): boolean {
  return token !== undefined && token.length < SECRET_LENGTH_MIN;
}

/** What a guess has to get through. */
const SECRET_LENGTH_MIN = 32;

/** An http address of another machine: what is sent there is for everybody between to read. */
export function isOpenHttp(value: string | undefined): boolean {
  if (!value) return false;
  const { protocol, hostname } = new URL(value);
  return protocol === 'http:' && !isLoopback(hostname);
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/;

export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}
