import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openDatabase, type Database } from '../../src/db/client.ts';
import { systemClock } from '../../src/server/clock.ts';
import { createLog } from '../../src/server/log.ts';
import { UsageService } from '../../src/server/services/usage.service.ts';
import { inEveryBucket } from '../support/buckets.ts';
import { CITUS_URL } from '../support/citus.ts';
import { meteredTenant } from '../support/metered-tenant.ts';
import { assertLedger } from './ledger.ts';
import { readJournals, startCaller, type CallerTask } from './processes.ts';
import { startRacedServer, type RacedServer } from './raced-server.ts';

/** How many kills of each kind; `npm run test:race` asks for 20. */
const KILLS = Number(process.env.RACE_RUNS ?? 1);

vi.setConfig({ testTimeout: 120_000 + KILLS * 60_000 });

let server: RacedServer;
let tenantIds: string[];

beforeAll(async () => {
  server = await startRacedServer('crash');
  tenantIds = await withDatabase(async ({ pool }) =>
    Promise.all([0, 1, 2, 3].map(() => meteredTenant(pool, 'team'))),
  );
});

afterAll(async () => {
  await server?.stop();
});

async function withDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
  const database = openDatabase({ url: server.url, max: 4 });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

const taskOf = (name: string, number: number, milliseconds: number): CallerTask => ({
  name: `${name}-p${number}`,
  seed: number + name.length * 31,
  databaseUrl: server.url,
  journal: path.join(server.folder, `${name}-p${number}`),
  tenantIds,
  amounts: [1, 2, 3],
  callers: 20,
  milliseconds,
  mix: 'records',
});

const inTime = (milliseconds: number) =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

const ledgerIsWhole = (journals: string[], prefix: string) =>
  withDatabase((database) => assertLedger(database, journals, prefix));

test('a killed app loses nothing it answered, and a retry counts nothing twice', async () => {
  const journals: string[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    const tasks = [0, 1, 2].map((number) => taskOf(`app${kill}`, number, 60_000));
    journals.push(...tasks.map((task) => task.journal));
    const callers = tasks.map(startCaller);
    // Killed in the midst of work: when it has answered, at no instant that anybody chose.
    while (readJournals([tasks[0]!.journal]).acked.size < 50) await inTime(10);
    await inTime((kill * 37) % 90);
    for (const { process } of callers) process.kill('SIGKILL');
    await Promise.all(callers.map(({ ended }) => ended));
  }
  await ledgerIsWhole(journals, 'app');
  await retryAll(journals);
  await ledgerIsWhole(journals, 'app');
});

/** Sends every key that was ever sent again, answered or not, with an amount of its own. */
async function retryAll(journals: string[]): Promise<void> {
  const { acked } = readJournals(journals);
  await withDatabase(async (database) => {
    const log = createLog('silent', false);
    const usage = new UsageService({ database, clock: systemClock, log });
    const before = await countOf(database);
    const rows = await inEveryBucket<{
      tenantId: string;
      amount: string;
      idempotencyKey: string;
    }>(
      database.pool,
      `select tenant_id as "tenantId", amount, idempotency_key as "idempotencyKey"
       from u00.usage where idempotency_key like 'app%'`,
    );
    expect(rows.length).toBeGreaterThanOrEqual(acked.size);
    // In portions: more than may wait at once would be refused as busy.
    for (let from = 0; from < rows.length; from += 5_000) {
      const answers = await Promise.all(
        rows
          .slice(from, from + 5_000)
          .map((row) =>
            usage.trackUsage({ ...row, amount: Number(row.amount), resourceType: 'messages' }),
          ),
      );
      expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set(['duplicate']));
    }
    expect(await countOf(database)).toBe(before);
  });
}

async function countOf({ pool }: Database): Promise<number> {
  const counts = await inEveryBucket<{ count: string }>(pool, 'select count(*) from u00.usage');
  return counts.reduce((sum, { count }) => sum + Number(count), 0);
}

test.skipIf(CITUS_URL)('a killed PostgreSQL loses nothing that was answered', async () => {
  const tasks = [0, 1, 2].map((number) => taskOf('pg', number, KILLS * 60_000));
  const callers = tasks.map(startCaller);
  const answered = () => readJournals([tasks[0]!.journal]).acked.size;
  let killed: number | undefined;
  /** Sessions of a killed server may answer for a moment more: these are the new one's answers. */
  const answersAgain = async () => {
    while ([killed, undefined].includes(server.pid())) await inTime(50);
    const seen = answered();
    while (answered() < seen + 50) await inTime(50);
  };
  for (let kill = 0; kill < KILLS; kill += 1) {
    await answersAgain();
    // It comes back by itself.
    killed = server.pid()!;
    process.kill(killed, 'SIGKILL');
  }
  // However long each took: nobody stops calling before the last one's answers.
  await answersAgain();
  for (const { process } of callers) process.kill('SIGKILL');
  await Promise.all(callers.map(({ ended }) => ended));
  await ledgerIsWhole(
    tasks.map((task) => task.journal),
    'pg',
  );
});
