import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startLocalStripe, type LocalStripe } from 'local-stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runOperatorCommand } from '../support/operator-command.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

// Each is a program to start.

const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-commands-'));
let database: TestDatabase;
let stripe: LocalStripe;
beforeAll(async () => {
  database = await createTestDatabase();
  stripe = await startLocalStripe({ port: 0 });
});
afterAll(async () => {
  await stripe?.close();
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

const settings = () => ({
  DATA_DIR: folder,
  DATABASE_URL: database.url,
  STRIPE_API_BASE: stripe.url,
  STRIPE_SECRET_KEY: 'sk_test_squaretable',
});
const run = (name: string, words: string[] = [], env: Record<string, string> = {}) =>
  runOperatorCommand(name, words, { ...settings(), ...env });

test('14.10 db:migrate says what it did, and would do', async () => {
  const { rows } = await database.pool.query(
    `delete from drizzle.__drizzle_migrations where created_at =
       (select max(created_at) from drizzle.__drizzle_migrations) returning hash, created_at`,
  );
  const dry = await run('db:migrate', ['--dry-run', '--json']);
  expect(JSON.parse(dry.said)).toMatchObject({ wouldApply: [expect.stringMatching(/^\d{4}_/)] });
  const { hash, created_at } = rows[0] as { hash: string; created_at: string };
  await database.pool.query(
    'insert into drizzle.__drizzle_migrations (hash, created_at) values ($1, $2)',
    [hash, created_at],
  );
  const after = await run('db:migrate');
  expect(after.said).toMatch(/^Nothing to do: the database is up to date \(\d{4}_\w+\)\.\n$/);
});

test('14.3 stripe:setup needs its key and the address alone, in production too', async () => {
  const ended = await runOperatorCommand('stripe:setup', ['--json'], {
    NODE_ENV: 'production',
    STRIPE_ALLOW_TEST_KEYS: '1',
    STRIPE_API_BASE: stripe.url,
    STRIPE_SECRET_KEY: 'sk_test_squaretable',
    APP_URL: 'https://billing.example.com',
  });
  expect(ended.complained).toBe('');
  const { settings, made } = JSON.parse(ended.said) as {
    settings: Record<string, string>;
    made: string[];
  };
  expect(made).toContain('the webhook endpoint https://billing.example.com/webhooks/stripe');
  expect(Object.keys(settings)).toEqual([
    'STRIPE_PRICE_PRO_MONTHLY',
    'STRIPE_PRICE_PRO_YEARLY',
    'STRIPE_PRICE_TEAM_MONTHLY',
    'STRIPE_PORTAL_CONFIGURATION',
    'STRIPE_WEBHOOK_SECRET',
  ]);
});
