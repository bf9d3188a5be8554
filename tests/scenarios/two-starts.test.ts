import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startLocalStripe } from 'local-stripe';
import { expect, test } from 'vitest';
import { AppProcess } from '../support/app-process.ts';
import { createTestDatabase } from '../support/test-database.ts';

/** A deployment brings several processes up in one moment, on a database and an account that are new. */
test.each([1, 2])(
  '14.8 processes that start at once on a new account set it up once, and all of them serve (%i)',
  async (_n) => {
    const dataDir = mkdtempSync(path.join(tmpdir(), 'squaretable-starts-'));
    const database = await createTestDatabase({ max: 2 });
    const stripe = await startLocalStripe({ port: 0 });
    const start = () =>
      AppProcess.start({
        DATA_DIR: dataDir,
        DATABASE_URL: database.url,
        STRIPE_SECRET_KEY: 'sk_test_squaretable',
        STRIPE_API_BASE: stripe.url,
        LOG_LEVEL: 'silent',
      });
    const begun = await Promise.allSettled([start(), start(), start()]);
    try {
      expect(begun.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
      const { store } = stripe.kernel;
      const keys = [...store.oldestFirst('price')].map((one) => one.lookup_key);
      expect(keys.length).toBe(new Set(keys).size);
      expect([...store.oldestFirst('billing_portal.configuration')]).toHaveLength(1);
    } finally {
      for (const one of begun) if (one.status === 'fulfilled') await one.value.kill();
      await stripe.close();
      await database.drop();
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
);
