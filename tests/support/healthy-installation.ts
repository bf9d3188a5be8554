import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startLocalStripe } from 'local-stripe';
import type { Stripe } from 'stripe';
import { startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { PLANS_FILE, readPacksFile } from '../../src/db/catalogue/plans-file.ts';
import { migrateDatabase } from '../../src/db/migrate.ts';
import { createStripeClient } from '../../src/server/services/stripe/client/client.ts';
import { setUpStripe } from '../../src/server/services/stripe/setup/setup.ts';
import { startRefusingMailServer, type RefusingServer } from './refusing-servers.ts';
import { shareDatabase, type TestDatabase } from './test-database.ts';

export const URL_OF_HOOK = 'https://billing.example.com/webhooks/stripe';

/** An installation in production of which `doctor` says that all is well, before anybody spoils it. */
export interface Installation {
  /** Its settings. */
  env: Record<string, string>;
  folder: string;
  database: TestDatabase;
  client: Stripe;
  smtp: RefusingServer;
  close(): Promise<void>;
}

/** With a server of its own (the one of the run loses data in a power cut), an account that was set up at the local Stripe, and a mail server of its own. */
export async function healthyInstallation(): Promise<Installation> {
  const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-doctor-'));
  const server = await startEmbeddedPostgres({ dataDir: path.join(folder, 'postgres') });
  await migrateDatabase(server.url());
  const database = shareDatabase(server.url());
  const stripe = await startLocalStripe({ port: 0 });
  const access = { secretKey: 'sk_test_squaretable', apiBase: new URL(stripe.url) };
  const client = createStripeClient(access);
  const smtp = await startRefusingMailServer();
  const { prices, portalConfiguration, endpoint } = await setUpStripe(client, {
    packs: readPacksFile(PLANS_FILE) ?? [],
    webhook: { url: URL_OF_HOOK, secretKnown: () => false, rotate: false },
  });
  const env = {
    NODE_ENV: 'production',
    STRIPE_ALLOW_TEST_KEYS: '1',
    STRIPE_SECRET_KEY: 'sk_test_squaretable',
    STRIPE_API_BASE: stripe.url,
    STRIPE_WEBHOOK_SECRET: endpoint!.secret!,
    STRIPE_PORTAL_CONFIGURATION: portalConfiguration,
    ...Object.fromEntries(prices.map(({ variable, priceId }) => [variable, priceId])),
    JWT_SECRET: 'qK3v9ZpL7xW2mN8rT4yB6cF1hJ5dG0sA',
    APP_URL: 'https://billing.example.com',
    DATABASE_URL: database.url,
    DATA_DIR: folder,
    SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
    MAIL_FROM: 'billing@example.com',
  };
  return {
    ...{ env, folder, database, client, smtp },
    async close() {
      smtp.close();
      await stripe.close();
      await database.drop();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
