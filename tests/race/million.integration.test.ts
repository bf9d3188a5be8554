import path from 'node:path';
import { setTimeout as inTime } from 'node:timers/promises';
import { startLocalStripe, type LocalStripe } from 'local-stripe';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openDatabase, type Database } from '../../src/db/client.ts';
import type { TenantId } from '../../src/domain/ids.ts';
import type { Plan } from '../../src/domain/plans.ts';
import { RESOURCE_TYPES } from '../../src/domain/quota.ts';
import { systemClock } from '../../src/server/clock.ts';
import { createLog } from '../../src/server/log.ts';
import { UsageService } from '../../src/server/services/usage.service.ts';
import { AppProcess } from '../support/app-process.ts';
import { FIRST_PLANS } from '../support/first-plans.ts';
import { meteredTenant } from '../support/metered-tenant.ts';
import { putOnPaidPlan } from '../support/metering.ts';
import { runOperatorCommand } from '../support/operator-command.ts';
import { Funds, overshootOf } from './funds.ts';
import { assertPaid, assertRecorded, listPayers } from './million-ledger.ts';
import { startRacedServer, type RacedServer } from './raced-server.ts';
import { HOLD_SECONDS, ServiceLoad } from './service-load.ts';

/** Calls that are answered; `npm run test:million` asks for a million. */
const CALLS = Number(process.env.MILLION_CALLS_COUNT ?? 20_000);
const SEED = Number(process.env.MILLION_SEED ?? 1);
/** So many are answered between two kills, from half to one and a half of it; more, while what was killed starts. */
const KILL_EVERY = Math.min(10_000, CALLS / 6);
/** Each kind at least once, though the calls are answered before. */
const KILLS_MIN = 3;
/** Credits and caps grow once in so many. */
const FUND_EVERY = 1_000;
const INGEST_TOKEN = 'an ingest token of the tests, long enough';

vi.setConfig({ testTimeout: 240_000 + CALLS * 5, hookTimeout: 120_000 });

let server: RacedServer;
let stripe: LocalStripe;
let database: Database;
let usage: UsageService;
const apps: AppProcess[] = [];

beforeAll(async () => {
  server = await startRacedServer('million');
  stripe = await startLocalStripe({ port: 0 });
  database = openDatabase({ url: server.url, max: 4 });
  usage = new UsageService({ database, clock: systemClock, log: createLog('silent', false) });
  for (const name of ['one', 'two']) {
    apps.push(
      await AppProcess.start({
        DATA_DIR: path.join(server.folder, name),
        DATABASE_URL: server.url,
        STRIPE_SECRET_KEY: 'sk_test_squaretable',
        STRIPE_API_BASE: stripe.url,
        USAGE_INGEST_TOKEN: INGEST_TOKEN,
        JWT_SECRET: 'a secret that both processes share, long enough',
        LOG_LEVEL: 'silent',
      }),
    );
  }
});

afterAll(async () => {
  for (const app of apps) await app.kill();
  await usage?.stop();
  await database?.close();
  await stripe?.close();
  await server?.stop();
});

// A small linear congruential generator, so that a seed makes the same mix of calls.
let state = SEED;
const random = (below: number) => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

/** Eight with credits, eight with overage, eight with both. */
async function people() {
  const some = async (plan: Plan) => {
    const made: TenantId[] = [];
    for (let n = 0; n < 8; n += 1) {
      made.push(await meteredTenant(database.pool, plan));
      if (plan === 'team') await putOnPaidPlan(database, made.at(-1)!, plan);
    }
    return made;
  };
  const byPlan = { free: await some('free'), team: await some('team'), both: await some('team') };
  /** All of a month but what a few calls take. */
  const quotas = (plan: Plan, tenantIds: TenantId[]) =>
    tenantIds.flatMap((tenantId) =>
      RESOURCE_TYPES.flatMap((resourceType) => {
        const limit = FIRST_PLANS[plan].limits[resourceType] ?? 0;
        return limit > 5 ? [{ tenantId, resourceType, amount: limit - 5 }] : [];
      }),
    );
  return {
    tenantIds: [...byPlan.free, ...byPlan.team, ...byPlan.both],
    granted: [...byPlan.free, ...byPlan.both],
    billed: [...byPlan.team, ...byPlan.both],
    quotas: [...quotas('free', byPlan.free), ...quotas('team', [...byPlan.team, ...byPlan.both])],
  };
}

/** Ends one process of the app, or the database's, and has it come back. */
async function kill(turn: number): Promise<'app' | 'database'> {
  const pid = server.pid();
  if (turn % 3 === 1 && pid !== undefined) {
    process.kill(pid, 'SIGKILL');
    while ([pid, undefined].includes(server.pid())) await inTime(20);
    return 'database';
  }
  const app = apps[turn % 2]!;
  await app.kill();
  await app.startAgain();
  return 'app';
}

test(`12 ${CALLS.toLocaleString('en')} calls while apps and PostgreSQL are killed: none lost, none doubled, no cap passed`, async () => {
  const { quotas, tenantIds, ...payers } = await people();
  const funds = new Funds(usage, payers);
  await funds.begin();
  const urls = apps.map(({ url }) => url);
  const load = new ServiceLoad({
    urls,
    ingestToken: INGEST_TOKEN,
    tenantIds,
    random,
  });
  const kills = { app: 0, database: 0 };
  const began = performance.now();
  const loading = load.run(quotas);
  const funding = (async () => {
    for (let turn = 0; !load.isResting; turn += 1) {
      while (turn * FUND_EVERY >= load.answered && !load.isResting) await inTime(20);
      await funds.goOn(turn);
    }
  })();
  for (let turn = 0; load.answered < CALLS || turn < KILLS_MIN; turn += 1) {
    const next = load.answered + KILL_EVERY / 2 + random(KILL_EVERY);
    while (load.answered < next) await inTime(20);
    expect(await overshoot(funds)).toEqual(new Map());
    await inTime(random(90));
    kills[await kill(turn)] += 1;
  }
  // Answered by what came back last, too.
  const seen = load.answered;
  while (load.answered < seen + KILL_EVERY / 10) await inTime(20);
  load.rest();
  await Promise.all([loading, funding]);
  const seconds = (performance.now() - began) / 1_000;

  expect(load.failures).toEqual([]);
  await inTime(HOLD_SECONDS * 1_000 + 100);
  while ((await usage.expireReservations()) > 0);
  for (const tenantId of tenantIds) await usage.credits.read(tenantId);
  for (const app of apps) await app.stop();
  const counts = await assertRecorded(database.pool, load);
  await assertPaid(database.pool, funds);
  // Everything that pays has paid, and had an end.
  expect([...(await listPayers(database.pool))]).toEqual(
    expect.arrayContaining(['grant', 'overage']),
  );
  expect(counts.refused).toBeGreaterThan(0);
  const env = { DATABASE_URL: server.url, STRIPE_API_BASE: stripe.url };
  expect(await runOperatorCommand('usage:verify', [], env)).toMatchObject({ code: 0 });
  process.stdout.write(
    `${load.answered} calls answered in ${seconds.toFixed(0)} s, ${kills.app} kills of an app and ` +
      `${kills.database} of the database. Of events and settlements ${counts.acknowledged} acknowledged ≤ ` +
      `${counts.ledger} recorded ≤ ${counts.sent} sent; ${counts.refused} refused.\n`,
  );
});

/** As it is in the midst of it; a database that is away has nothing to say. */
async function overshoot(funds: Funds): Promise<Map<string, number>> {
  return overshootOf(database.pool, funds.caps).catch(() => new Map<string, number>());
}
