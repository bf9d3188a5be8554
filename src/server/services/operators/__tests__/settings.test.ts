import { expect, test } from 'vitest';
import { decideForCommand } from '../../../config/config.ts';
import { readEnv } from '../../../config/env.ts';
import { describeSettings } from '../settings.ts';

test('14 a password behind the question mark of an address is masked too', () => {
  const DATABASE_URL = 'postgres://db:5432/app?user=app&password=querypassword&sslmode=require';
  const config = decideForCommand(readEnv({ NODE_ENV: 'production', DATABASE_URL }));
  const settings = describeSettings({ ...config, appUrl: 'https://billing.example.com' });
  const shown = settings.find(({ name }) => name === 'DATABASE_URL')?.value;
  expect(shown).toContain('db:5432/app');
  expect(shown).toContain('sslmode=require');
  expect(shown).not.toContain('querypassword');
});

test('14 settings are shown without their secrets', () => {
  const secrets = {
    STRIPE_SECRET_KEY: 'sk_live_verysecretverysecretabcd',
    STRIPE_WEBHOOK_SECRET: 'whsec_onesecretonesecret1234,whsec_othersecretothersecret5678',
    JWT_SECRET: 'a signing secret, longer than thirty-two bytes',
    USAGE_INGEST_TOKEN: 'the ingest token',
    METRICS_TOKEN: 'the token of the metrics',
    DATABASE_URL: 'postgres://app:databasepassword@db:5432/app',
    SMTP_URL: 'smtps://mailer:mailpassword@mail.example.com:465',
    LLM_API_KEY: 'the key of the model',
    LLM_BASE_URL: 'https://llm.example.com/v1',
    LLM_MODEL: 'a-model',
  };
  const config = decideForCommand(readEnv({ NODE_ENV: 'production', ...secrets }));
  const settings = describeSettings({ ...config, appUrl: 'https://billing.example.com' });
  const shown = JSON.stringify(settings);
  for (const secret of [
    ...['verysecret', 'onesecret', 'othersecret', 'signing secret', 'the ingest token'],
    ...['the token of the metrics', 'databasepassword', 'mailpassword', 'the key of the model'],
  ]) {
    expect(shown).not.toContain(secret);
  }
  const valueOf = (name: string) => settings.find((one) => one.name === name)?.value;
  expect(valueOf('STRIPE_SECRET_KEY')).toBe('sk_live_…abcd');
  expect(valueOf('STRIPE_WEBHOOK_SECRET')).toBe('whsec_…1234, whsec_…5678');
  expect(valueOf('DATABASE_URL')).toContain('db:5432/app');
});
