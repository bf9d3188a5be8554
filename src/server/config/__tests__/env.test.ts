import { expect, test } from 'vitest';
import { decideConfig } from '../config.ts';
import { ConfigError, readEnv, VARIABLES, type Env } from '../env.ts';

/** For each variable what it cannot be: the words of the sentence about it, then such values. */
const NONSENSE: Record<keyof Env, [wanted: string, ...values: string[]]> = {
  NODE_ENV: ['one of production, development, test', 'prod', 'Production'],
  HOST: ['IP address of this machine', 'example.com', '127.0.0.1:3000', '999.1.1.1'],
  PORT: ['whole number from 0 to 65535', 'abc', '-1', '70000', '3e3', '0x10', '3000.5', 'NaN'],
  DRAIN_SECONDS: ['whole number', 'five', '-5', '601', 'Infinity'],
  STOP_GRACE_SECONDS: ['whole number', '30s', '-1'],
  LOCAL_STRIPE_PORT: ['whole number', 'abc', '65536'],
  DATA_DIR: ['one line of text', 'a\0b', 'a\nb'],
  DATABASE_URL: [
    'begins with postgres://',
    ...['mysql://root:hidden@db/x', 'db:5432', 'postgres://', 'postgres://root:hidden@db:99999/x'],
    ...['postgres://root:hid/den@db/x', 'postgres://root:hidden@[::1/x'],
  ],
  APP_URL: [
    'an address such as https://',
    'billing',
    'ftp://a',
    'https://',
    'https://a?b',
    'https://a#b',
    'https://user:hidden@a',
  ],
  JWT_SECRET: ['at least 32 bytes', 'short'],
  USAGE_INGEST_TOKEN: ['plain characters', 'gehe\u00efm'],
  METRICS_TOKEN: ['at least 16', 'short', 'long enough but gehe\u00efm'],
  STRIPE_SECRET_KEY: [
    'begin with sk_test_',
    'pk_test_hidden',
    'sk_test_',
    'whsec_1',
    'sk_test_a b',
  ],
  STRIPE_PUBLISHABLE_KEY: ['begin with pk_test_', 'sk_test_hidden'],
  STRIPE_WEBHOOK_SECRET: ['begins with whsec_', 'hidden', 'whsec_a,hidden', 'whsec_a whsec_b'],
  STRIPE_PRICE_PRO_MONTHLY: ['begins with price_', 'prod_1', '29.00'],
  STRIPE_PRICE_PRO_YEARLY: ['begins with price_', 'prod_1'],
  STRIPE_PRICE_TEAM_MONTHLY: ['begins with price_', 'prod_1'],
  STRIPE_PORTAL_CONFIGURATION: ['begins with bpc_', 'cfg_1'],
  STRIPE_API_BASE: [
    'http address on this machine',
    'https://127.0.0.1',
    'http://10.0.0.1',
    'http://127.0.0.1.example.com',
    '127.0.0.1:12111',
  ],
  STRIPE_TIMEOUT_SECONDS: ['number from 0.05 to 80', 'soon', '0', '81', '1e1'],
  STRIPE_ALLOW_TEST_KEYS: ['one of 0, 1', 'yes', 'true'],
  STRIPE_TAX: ['one of off, automatic', 'on', '1'],
  STRIPE_PROMOTION_CODES: ['one of 0, 1', 'yes', 'true'],
  SMTP_URL: [
    'an address such as smtp://',
    'smtp.example.com:587',
    'http://mail.example.com',
    'smtp://',
    'smtp://user:hidden@mail.example.com:port',
    'user:hidden@mail.example.com',
  ],
  MAIL_FROM: [
    'e-mail address',
    ...['Small Squaretable', 'a@', 'a@b\nBcc: c@d', '<a@b', 'a b@c', 'a@b,c@d'],
    ...['smtp://root:hidden@mail.example.com:587', 'Mail <smtps://root:hidden@mail.example.com>'],
  ],
  SUPPORT_EMAIL: [
    'an e-mail address',
    'help',
    'Help <help@example.com>',
    'a@b?subject=x',
    'a@b,c@d',
  ],
  TERMS_URL: ['an address such as https://', 'example.com/terms', 'javascript:alert(1)'],
  PRIVACY_URL: ['an address such as https://', '/privacy', 'ftp://example.com/privacy'],
  LLM_BASE_URL: [
    'an address such as https://',
    'api.example.com/v1',
    'file:///v1',
    'localhost:8000',
  ],
  LLM_API_KEY: ['plain characters', 'a\nb'],
  LLM_MODEL: ['one line of text', 'a\nb'],
  LLM_ADVANCED_MODELS: ['names of models', 'a,b\nc'],
  LLM_TIMEOUT_SECONDS: ['whole number', '0', 'never'],
  PAST_DUE_GRACE_DAYS: ['whole number', '-1', 'week', '1.5'],
  TRIAL_DAYS: ['whole number', '731', 'two'],
  LATE_PAYMENT: ['one of refund, alert', 'keep'],
  DUPLICATE_SUBSCRIPTION: ['one of refund, alert', 'keep'],
  TRUSTED_PROXIES: [
    'how many proxies',
    '21',
    'nginx',
    '10.0.0.0/33',
    '0.0.0.0/0',
    '::/0',
    '10.0.0.1,proxy',
    '-1',
  ],
  LOGIN_FAILURES_MAX: ['whole number', '0', 'many'],
  LOGIN_WINDOW_MINUTES: ['whole number', '1441', 'hour'],
  REGISTRATIONS_PER_HOUR: ['whole number', '0', 'x'],
  STRIPE_CALLS_PER_MINUTE: ['whole number', '0', 'x'],
  LOG_LEVEL: ['one of fatal, error', 'loud', 'INFO'],
  OTEL_EXPORTER_OTLP_ENDPOINT: ['address such as', 'localhost:4318', 'grpc://x', 'nonsense'],
  OTEL_EXPORTER_OTLP_HEADERS: ['names and values', 'authorization', 'a=%zz', '=b'],
  OTEL_SERVICE_NAME: ['one line of text', 'two\nlines'],
  OTEL_TRACES_SAMPLER: ['one of parentbased_always_on', 'sometimes'],
  OTEL_TRACES_SAMPLER_ARG: ['number', '-1', '2', 'x'],
};
const cases = Object.entries(NONSENSE).flatMap(([name, [wanted, ...values]]) =>
  values.map((value) => [name, value, wanted] as const),
);

function refusal(env: Record<string, string>): string {
  try {
    readEnv(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  return 'It was taken.';
}

test.each(cases)(
  '14.6 %s=%j is refused in one sentence that says what is wanted',
  (name, value, wanted) => {
    const sentence = refusal({ [name]: value });
    expect(sentence).toMatch(new RegExp(`^${name} \\([^]+\\) must [^]+\\.$`));
    expect(sentence).toContain(wanted);
    expect(sentence).not.toContain('NaN to');
  },
);

test('14.6 what is secret is not printed', () => {
  const asked = ['mysql://db/app?password=hidden', 'https://llm.example.com/v1?key=hidden'];
  const addresses = asked.map((one) => refusal({ DATABASE_URL: one, LLM_BASE_URL: one }));
  expect(addresses.join('\n')).toMatch(/"mysql:\/\/db\/app\?…"/);
  expect(addresses.join('\n')).not.toContain('hidden');
  const all = cases.map(([name, value]) => refusal({ [name]: value })).join('\n');
  expect(all).not.toContain('hidden');
  // One line too far in a file of settings.
  for (const key of ['sk_live_hidden', 'rk_live_hidden', 'whsec_hidden', 'sk_test_hidden']) {
    expect(refusal({ STRIPE_PRICE_PRO_MONTHLY: key, PORT: key, HOST: key })).not.toContain(
      'hidden',
    );
  }
});

test('14.6 each wrong variable has its sentence, in one message', () => {
  const sentences = refusal({ PORT: 'abc', SMTP_URL: 'mail:25', TRIAL_DAYS: '-1' }).split('\n');
  expect(sentences).toEqual([
    'PORT ("abc") must be a whole number from 0 to 65535.',
    expect.stringMatching(/^SMTP_URL \("mail:25"\) must be an address such as smtp:\/\//),
    'TRIAL_DAYS ("-1") must be a whole number from 0 to 730.',
  ]);
});

test('14.6 blank is as if it were not set, for every variable', () => {
  const blank = Object.fromEntries(VARIABLES.map((name) => [name, '  ']));
  expect(readEnv(blank)).toEqual(readEnv({}));
});

test.each<[keyof Env, string, unknown]>([
  ['HOST', 'localhost', '127.0.0.1'],
  ['HOST', '::', '::'],
  ['PORT', ' 8080 ', 8080],
  ['APP_URL', 'https://Billing.example.com/', 'https://billing.example.com'],
  [
    'SMTP_URL',
    'smtps://a%40b:c@mail.example.com:465?pool=true',
    'smtps://a%40b:c@mail.example.com:465?pool=true',
  ],
  [
    'DATABASE_URL',
    'postgres:///billing?host=/run/postgresql',
    'postgres:///billing?host=/run/postgresql',
  ],
  ['MAIL_FROM', 'billing@example.com', 'billing@example.com'],
  ['SUPPORT_EMAIL', ' help@example.com ', 'help@example.com'],
  ['TERMS_URL', 'https://example.com/terms/', 'https://example.com/terms'],
  ['LLM_BASE_URL', 'http://127.0.0.1:8000/v1/', 'http://127.0.0.1:8000/v1'],
  ['LLM_ADVANCED_MODELS', 'a, b,', ['a', 'b']],
  [
    'TRUSTED_PROXIES',
    '10.0.0.0/8, loopback',
    { kind: 'addresses', addresses: ['10.0.0.0/8', 'loopback'] },
  ],
  ['TRUSTED_PROXIES', '0', { kind: 'none' }],
])('14.6 %s=%s is %j', (name, value, meant) => {
  expect(readEnv({ [name]: value })[name]).toEqual(meant);
});

const PRODUCTION = {
  NODE_ENV: 'production',
  STRIPE_SECRET_KEY: 'sk_live_1234',
  STRIPE_WEBHOOK_SECRET: 'whsec_1234',
  JWT_SECRET: 'a secret of thirty-two bytes or more',
  APP_URL: 'https://billing.example.com',
};

test.each<[string, Record<string, string>, string | undefined, string]>([
  ['development is this machine’s', {}, '127.0.0.1', 'open'],
  ['development that is told', { HOST: '0.0.0.0' }, '0.0.0.0', 'token'],
  ['development on another loopback', { HOST: '::1' }, '::1', 'open'],
  ['development with a token', { METRICS_TOKEN: 'x'.repeat(16) }, '127.0.0.1', 'token'],
  ['production', PRODUCTION, undefined, 'token'],
  ['production behind a proxy here', { ...PRODUCTION, HOST: '127.0.0.1' }, '127.0.0.1', 'token'],
])('14.7 %s', (_what, env, host, metrics) => {
  expect(decideConfig(readEnv(env))).toMatchObject({ host, metrics: { kind: metrics } });
});
