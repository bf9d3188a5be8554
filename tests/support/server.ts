import { tmpdir } from 'node:os';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../src/domain/clock.ts';
import type { SessionView } from '../../src/domain/api.ts';
import { systemClock } from '../../src/server/clock.ts';
import { decideConfig } from '../../src/server/config/config.ts';
import { readEnv } from '../../src/server/config/env.ts';
import { createContext, type Context } from '../../src/server/context.ts';
import { Drain, type DrainTimes } from '../../src/server/drain.ts';
import { createHttpServer } from '../../src/server/index.ts';
import { Jobs } from '../../src/server/jobs.ts';
import { createLog, type Logger } from '../../src/server/log.ts';
import { noTrace } from '../../src/server/services/operations/tracing/trace.ts';
import { stripeAccessOf } from '../../src/server/services/stripe/client/client.ts';
import { caller, type Caller } from './http.ts';
import { createTestDatabase, shareDatabase, type TestDatabase } from './test-database.ts';

export interface TestServer {
  url: string;
  context: Context;
  database: TestDatabase;
  /** Leaves as a process does that is told to stop; `stop` is still to be called. */
  leave(times: DrainTimes): Promise<void>;
  /** Ends the waiting of `leave`. */
  hurry(): void;
  /** Registers a tenant with a fresh owner. */
  signUp(name?: string): Promise<{ session: SessionView; call: Caller }>;
  stop(): Promise<void>;
}

export interface TestServerOptions {
  env?: Record<string, string>;
  clock?: Clock;
  log?: Logger;
  /** Another server's database, which that one removes: a second process beside it. */
  databaseUrl?: string;
}

/**
 * The app alone on a free port, with a database of its own: no local Stripe, and a job queue that
 * takes nothing. For what does not speak to Stripe; `startTestApp` starts the whole product.
 */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const database = options.databaseUrl
    ? shareDatabase(options.databaseUrl)
    : await createTestDatabase({ max: 10 });
  const config = decideConfig(
    readEnv({ DATA_DIR: tmpdir(), LOG_LEVEL: 'silent', LOCAL_STRIPE_PORT: '1', ...options.env }),
  );
  const log = options.log ?? createLog(config.logLevel, false);
  const drain = new Drain();
  const context = createContext(
    {
      config: {
        ...config,
        appUrl: config.appUrl ?? 'http://localhost',
        jwtSecret: config.jwtSecret ?? 'a secret of the tests, longer than 32 bytes',
      },
      clock: options.clock ?? systemClock,
      log,
      trace: noTrace,
      database,
      lockDatabase: database,
      jobs: new Jobs({ databaseUrl: database.url, log }),
      stripe: stripeAccessOf(config.stripe, undefined),
    },
    drain,
  );
  context.services.usage.start();
  const server = createHttpServer(context);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let people = 0;
  return {
    url,
    context,
    database,
    leave: (times) => drain.stop(server, times),
    hurry: () => drain.hurry(),
    async signUp(name = `person${(people += 1)}`) {
      const registration = { email: `${name}@example.com`, password: 'correct horse' };
      const answer = await caller(url).post<SessionView>('/api/auth/register', registration);
      if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
      return { session: answer.body, call: caller(url, answer.body.accessToken) };
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await context.services.usage.stop();
      await database.drop();
    },
  };
}
