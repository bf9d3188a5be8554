import { expect, test } from 'vitest';
import { configWarnings, decideConfig, TEST_MODE_WARNING } from '../config.ts';
import { ConfigError, readEnv } from '../env.ts';

const decide = (env: Record<string, string>) => decideConfig(readEnv(env));

const PRODUCTION = {
  NODE_ENV: 'production',
  STRIPE_SECRET_KEY: 'sk_live_1234',
  STRIPE_WEBHOOK_SECRET: 'whsec_1234',
  JWT_SECRET: 'a secret of thirty-two bytes or more',
  APP_URL: 'https://billing.example.com',
};

test('an empty environment is a try on one’s own machine', () => {
  const config = decide({});
  expect(config).toMatchObject({
    production: false,
    port: 3000,
    stripe: { kind: 'local', port: 12_111 },
    llm: { kind: 'storyteller' },
    mail: { kind: 'kept' },
    pastDueGraceDays: 7,
    trialDays: 0,
  });
  expect(config.database).toEqual({ kind: 'embedded', dataDir: `${config.dataDir}/postgres` });
});

test('production with all it needs', () => {
  expect(decide(PRODUCTION)).toMatchObject({
    production: true,
    appUrl: 'https://billing.example.com',
    stripe: { kind: 'live', livemode: true, webhookSecrets: ['whsec_1234'] },
  });
});

test.each(['http://localhost:3000', 'http://127.0.0.1', 'http://[::1]:3000'])(
  '10.13 production behind a proxy on this machine may be %s',
  (appUrl) => {
    expect(decide({ ...PRODUCTION, APP_URL: appUrl })).toMatchObject({ production: true });
  },
);

test('10.13 production without mail is warned of, in one line', () => {
  expect(configWarnings(decide(PRODUCTION))).toEqual([expect.stringContaining('SMTP_URL')]);
  expect(configWarnings(decide({ ...PRODUCTION, SMTP_URL: 'smtp://mail.example.com' }))).toEqual(
    [],
  );
  expect(configWarnings(decide({}))).toEqual([]);
});

test('a local Stripe that runs apart needs no key', () => {
  const { stripe } = decide({ STRIPE_API_BASE: 'http://127.0.0.1:12111' });
  expect(stripe).toMatchObject({ kind: 'local_apart', secretKey: 'sk_test_squaretable' });
});

test('how long a call to Stripe may take, where that is set', () => {
  expect(decide({}).stripe).not.toHaveProperty('timeoutMs');
  expect(decide({ STRIPE_TIMEOUT_SECONDS: '0.5' }).stripe).toMatchObject({ timeoutMs: 500 });
  expect(() => decide({ STRIPE_TIMEOUT_SECONDS: '0' })).toThrow(/STRIPE_TIMEOUT_SECONDS/);
});

test('several webhook secrets while one is rolled over', () => {
  const { stripe } = decide({ ...PRODUCTION, STRIPE_WEBHOOK_SECRET: 'whsec_a, whsec_b' });
  expect(stripe).toMatchObject({ webhookSecrets: ['whsec_a', 'whsec_b'] });
});

test.each<[string, Record<string, string>, RegExp]>([
  [
    'nothing set in production',
    { NODE_ENV: 'production' },
    /STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET, JWT_SECRET.*APP_URL/,
  ],
  [
    'a short secret in production',
    { ...PRODUCTION, JWT_SECRET: 'short' },
    /JWT_SECRET .*must have at least 32 bytes/,
  ],
  [
    '10.13 an ingest token that can be guessed',
    { ...PRODUCTION, USAGE_INGEST_TOKEN: 'x'.repeat(31) },
    /USAGE_INGEST_TOKEN must have at least 32/,
  ],
  [
    '10.13 webhook secrets that are all commas',
    { ...PRODUCTION, STRIPE_WEBHOOK_SECRET: ' , ,' },
    /set STRIPE_WEBHOOK_SECRET/,
  ],
  [
    '10.13 customers on http',
    { ...PRODUCTION, APP_URL: 'http://billing.example.com' },
    /APP_URL.*https/,
  ],
  [
    '10.13 an http address that only begins like this machine',
    { ...PRODUCTION, APP_URL: 'http://localhost.example.com' },
    /APP_URL.*https/,
  ],
  ['a short secret anywhere', { JWT_SECRET: 'short' }, /at least 32 bytes/],
  [
    'a local Stripe in production',
    { ...PRODUCTION, STRIPE_SECRET_KEY: 'sk_test_1', STRIPE_API_BASE: 'http://127.0.0.1:12111' },
    /refused in production/,
  ],
  [
    '9.15 a test key in production',
    { ...PRODUCTION, STRIPE_SECRET_KEY: 'sk_test_1' },
    /test key.*STRIPE_ALLOW_TEST_KEYS=1/,
  ],
  ['9.15 a live key without NODE_ENV', { STRIPE_SECRET_KEY: 'sk_live_1' }, /live key/],
  [
    '9.15 a live key in development',
    { NODE_ENV: 'development', STRIPE_SECRET_KEY: 'rk_live_1' },
    /live key.*NODE_ENV is development/,
  ],
  ['9.15 a live key in a test', { NODE_ENV: 'test', STRIPE_SECRET_KEY: 'sk_live_1' }, /live key/],
  ['9.15 an environment that nobody knows', { NODE_ENV: 'prod' }, /NODE_ENV \("prod"\)/],
  ['9.15 one in capitals', { NODE_ENV: 'Production' }, /NODE_ENV/],
  ['9.15 a switch that is neither on nor off', { STRIPE_ALLOW_TEST_KEYS: 'yes' }, /STRIPE_ALLOW/],
  ['9.7 a policy that is none', { LATE_PAYMENT: 'keep' }, /LATE_PAYMENT \("keep"\)/],
  [
    'a live key for a local Stripe',
    { STRIPE_SECRET_KEY: 'sk_live_1', STRIPE_API_BASE: 'http://127.0.0.1:12111' },
    /test keys only/,
  ],
  [
    'a local Stripe elsewhere',
    { STRIPE_SECRET_KEY: 'sk_test_1', STRIPE_API_BASE: 'http://10.0.0.1:12111' },
    /on this machine/,
  ],
  [
    'a publishable key for the secret one',
    { STRIPE_SECRET_KEY: 'pk_test_1' },
    /must begin with sk_test_/,
  ],
  [
    'another secret for the webhook',
    { STRIPE_SECRET_KEY: 'sk_test_1', STRIPE_WEBHOOK_SECRET: 'abc' },
    /begins with whsec_/,
  ],
  ['a port that is none', { PORT: 'abc' }, /PORT \("abc"\)/],
  [
    'a database that is none',
    { DATABASE_URL: 'mysql://x' },
    /must be an address that begins with postgres/,
  ],
  ['an address that is none', { APP_URL: 'billing' }, /APP_URL \("billing"\)/],
])('%s is refused in one sentence', (_what, env, sentence) => {
  expect(() => decide(env)).toThrow(ConfigError);
  expect(() => decide(env)).toThrow(sentence);
});

test.each([
  ['production', 'production'],
  ['development', 'development'],
  ['test', 'test'],
  ['', 'development'],
])('9.15 NODE_ENV "%s" is %s', (written, environment) => {
  const env = written === 'production' ? PRODUCTION : { NODE_ENV: written };
  expect(decide(env)).toMatchObject({ environment, testMode: false });
});

test.each([
  ['test keys', {}],
  ['a local Stripe that runs apart', { STRIPE_API_BASE: 'http://127.0.0.1:12111' }],
])('9.15 a rehearsal runs as production with %s, and says so', (_what, extra) => {
  const config = decide({
    ...PRODUCTION,
    STRIPE_SECRET_KEY: 'sk_test_1',
    STRIPE_ALLOW_TEST_KEYS: '1',
    ...extra,
  });
  expect(config).toMatchObject({ production: true, testMode: true });
  expect(configWarnings(config)).toContain(TEST_MODE_WARNING);
});

/** What becomes of each combination; `rehearsal` says everywhere that no money is real. */
function expected(environment: string, key: string, allowed: string, base: string): string {
  if (key === 'live' && (base !== '' || environment !== 'production')) return 'refused';
  if (environment !== 'production' || key === 'live') return 'starts';
  if (key === 'none') return 'refused';
  return allowed === '1' ? 'rehearsal' : 'refused';
}
const KEYS = { none: '', test: 'sk_test_1', live: 'sk_live_1', restricted: 'rk_test_1' } as const;
const combinations = ['', 'development', 'test', 'production'].flatMap((environment) =>
  Object.keys(KEYS).flatMap((key) =>
    ['', '0', '1'].flatMap((allowed) =>
      ['', 'http://127.0.0.1:12111'].map((base) => [environment, key, allowed, base] as const),
    ),
  ),
);

test.each(combinations)(
  '9.15 NODE_ENV "%s" with the key %s, STRIPE_ALLOW_TEST_KEYS "%s" and STRIPE_API_BASE "%s"',
  (environment, key, allowed, base) => {
    const begin = () =>
      decide({
        ...PRODUCTION,
        NODE_ENV: environment,
        STRIPE_SECRET_KEY: KEYS[key as keyof typeof KEYS],
        STRIPE_ALLOW_TEST_KEYS: allowed,
        STRIPE_API_BASE: base,
      });
    const outcome = expected(environment, key, allowed, base);
    if (outcome === 'refused') expect(begin).toThrow(ConfigError);
    else expect(begin()).toMatchObject({ testMode: outcome === 'rehearsal' });
  },
);
