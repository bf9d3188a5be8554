import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startLocalStripe, type LocalStripe } from 'local-stripe';
import { openDatabase, HELD_CONNECTIONS } from '../../src/db/client.ts';
import { freePort } from '../../src/db/embedded/free-port.ts';
import { systemClock } from '../../src/server/clock.ts';
import { decideConfig } from '../../src/server/config/config.ts';
import { readEnv } from '../../src/server/config/env.ts';
import { startServer, type Server } from '../../src/server/index.ts';
import { Jobs } from '../../src/server/jobs.ts';
import { createLog } from '../../src/server/log.ts';
import { noTrace } from '../../src/server/services/operations/tracing/trace.ts';
import { stripeAccessOf } from '../../src/server/services/stripe/client/client.ts';
import { setUpLocalStripe } from '../../src/server/services/stripe/setup/setup.ts';
import { openStripeProxy, type StripeProxy } from '../support/stripe-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

/** Some of the product over one account with test keys: a local Stripe that is counted as Stripe is. */
export interface TestAccount {
  urls: string[];
  stripe: LocalStripe;
  /** Before Stripe: every call comes through it. */
  proxy: StripeProxy;
  database: TestDatabase;
  stop(): Promise<void>;
}

/** Starts so many of the product, each with connections and jobs of its own, as processes are. */
export async function startOverTestAccount(count: number): Promise<TestAccount> {
  const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-account-'));
  const database = await createTestDatabase({ max: 4 });
  const stripe = await startLocalStripe({ port: 0 });
  const proxy = await openStripeProxy(stripe.url);
  const ports = await Promise.all(Array.from({ length: count }, freePort));
  const config = decideConfig(
    readEnv({
      ...{ DATA_DIR: folder, DATABASE_URL: database.url, LOG_LEVEL: 'silent' },
      ...{ STRIPE_SECRET_KEY: 'sk_test_squaretable', STOP_GRACE_SECONDS: '3' },
    }),
  );
  const access = await setUpLocalStripe(
    { ...stripeAccessOf(config.stripe, undefined), apiBase: new URL(stripe.url) },
    {
      webhookUrl: `http://127.0.0.1:${ports[0]}/webhooks/stripe`,
      ...{ db: database.db, clock: systemClock },
    },
  );
  const log = createLog('silent', false);
  const ends: (() => Promise<unknown>)[] = [];
  const servers: Server[] = [];
  for (const port of ports) {
    const pools = [undefined, HELD_CONNECTIONS].map((max) =>
      openDatabase({ url: database.url, ...(max ? { max, answerWithinMs: 20_000 } : {}) }),
    );
    const server = await startServer({
      config: {
        ...{ ...config, port, appUrl: `http://127.0.0.1:${port}` },
        jwtSecret: 'a secret that all of them share, long enough',
      },
      ...{ clock: systemClock, log, trace: noTrace, database: pools[0]!, lockDatabase: pools[1]! },
      jobs: new Jobs({ databaseUrl: database.url, log }),
      stripe: { ...access, apiBase: proxy.url },
    });
    servers.push(server);
    ends.push(async () => {
      await server.stop();
      for (const pool of pools) await pool.close();
    });
  }
  return {
    ...{ urls: ports.map((port) => `http://127.0.0.1:${port}`), stripe, proxy, database },
    async stop() {
      await Promise.all(ends.map((end) => end()));
      await proxy.close();
      await stripe.close();
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
