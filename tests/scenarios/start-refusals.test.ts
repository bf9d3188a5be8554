import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProduct } from '../../scripts/start/product.ts';
import { decideConfig } from '../../src/server/config/config.ts';
import { readEnv } from '../../src/server/config/env.ts';
import { createLog } from '../../src/server/log.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let folder: string;
let taken: string;
const occupant = createServer();

beforeAll(async () => {
  database = await createTestDatabase();
  folder = mkdtempSync(path.join(tmpdir(), 'squaretable-refusals-'));
  await new Promise<void>((resolve) => occupant.listen(0, resolve));
  taken = String((occupant.address() as AddressInfo).port);
});

afterAll(async () => {
  occupant.close();
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

const start = (env: Record<string, string>) =>
  startProduct(
    decideConfig(
      readEnv({
        PORT: '0',
        LOCAL_STRIPE_PORT: '0',
        DATA_DIR: folder,
        DATABASE_URL: database.url,
        ...env,
      }),
    ),
    createLog('silent', false),
  );

test.each<[string, () => Record<string, string>, RegExp]>([
  ['the port of the app is taken', () => ({ PORT: taken }), /EADDRINUSE/],
  [
    'the port of the local Stripe is taken',
    () => ({ LOCAL_STRIPE_PORT: taken }),
    /Port \d+ is taken: set LOCAL_STRIPE_PORT/,
  ],
  [
    'the data folder cannot be made',
    () => ({ DATA_DIR: '/dev/null/data' }),
    /cannot be written .* choose another with DATA_DIR/,
  ],
  [
    'the system hides the data folder',
    () => ({ DATA_DIR: '/proc/data' }),
    /cannot be written .* choose another with DATA_DIR/,
  ],
  [
    'the database is away',
    () => ({ DATABASE_URL: 'postgres://a:b@127.0.0.1:1/c' }),
    /ECONNREFUSED/,
  ],
])('when %s it does not start, and nothing of it is left', async (_what, env, sentence) => {
  await expect(start(env())).rejects.toThrow(sentence);
});

test('after a refusal the same folder starts', async () => {
  const product = await start({});
  expect((await fetch(`${product.server.url}/readyz`)).status).toBe(200);
  await product.stop();
});
