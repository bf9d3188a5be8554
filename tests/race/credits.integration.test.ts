import path from 'node:path';
import type { QueryResultRow } from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openDatabase, type Database } from '../../src/db/client.ts';
import type { TenantId, UserId } from '../../src/domain/ids.ts';
import { systemClock } from '../../src/server/clock.ts';
import { createLog } from '../../src/server/log.ts';
import { UsageService } from '../../src/server/services/usage.service.ts';
import { syncEntitlement } from '../../src/server/services/usage/routing/bucket-sync.ts';
import { inEveryBucket, schemaOf } from '../support/buckets.ts';
import { CITUS_URL } from '../support/citus.ts';
import { creditFaults, meteredTenant } from '../support/metered-tenant.ts';
import { assertLedger } from './ledger.ts';
import { readJournals, startCaller, type CallerTask } from './processes.ts';
import { startRacedServer, type RacedServer } from './raced-server.ts';

/** How many kills of each kind. */
const KILLS = Number(process.env.RACE_RUNS ?? 1);

vi.setConfig({ testTimeout: 120_000 + KILLS * 60_000 });

let server: RacedServer;
let tenantIds: TenantId[];

beforeAll(async () => {
  server = await startRacedServer('credits');
  tenantIds = await withUsage(async (database, usage) => {
    const { pool } = database;
    const made = await Promise.all([0, 1, 2].map(() => meteredTenant(pool, 'free')));
    // The smallest quotas, and overage behind them: so all of it is drawn from.
    for (const id of made) await syncEntitlement(database, id);
    await inEveryBucket(
      pool,
      `update u00.usage_tenants set overage = '{"currency": "cny", "minorPerCredit": "12"}'
       where tenant_id = $1`,
      [made[2]],
    );
    await setCap(usage, made[2]!, 3_000);
    await inEveryBucket(pool, 'select u00.credit_overage_trust($1, 2000)', [made[2]]);
    return made;
  });
});

afterAll(async () => {
  await server?.stop();
});

async function withUsage<T>(work: (database: Database, usage: UsageService) => Promise<T>) {
  const database = openDatabase({ url: server.url, max: 4 });
  const log = createLog('silent', false);
  const usage = new UsageService({ database, clock: systemClock, log });
  try {
    return await work(database, usage);
  } finally {
    await usage.stop();
    await database.close();
  }
}

/** Lets the last tenant use and be billed for so much a month. */
async function setCap({ credits }: UsageService, tenantId: TenantId, capMinor: number) {
  const userId = '00000000-0000-4000-8000-000000000001' as UserId;
  const consent = { currency: 'cny', minorPerCredit: '12' };
  await credits.setLimits(
    { tenantId, userId, role: 'owner' },
    { enabled: true, capMinor, consent },
  );
}

const by = { actor: { kind: 'service', name: 'test' }, reason: 'a test' } as const;
let grants = 0;

/** Gives each tenant credits that end during the race, at its end, and long after it. */
async function giveAll({ credits }: UsageService): Promise<void> {
  for (const tenantId of tenantIds) {
    for (const [seconds, count] of [
      [1, 300],
      [4, 2_000],
      [86_400, 50_000],
    ] as const) {
      // The last one's are soon used up.
      if (seconds > 4 && tenantId === tenantIds[2]) continue;
      const originRef = `g${(grants += 1)}`;
      const expiresAt = new Date(Date.now() + seconds * 1_000);
      await credits.grant({
        ...{ tenantId, origin: 'goodwill', originRef, expiresAt, ...by },
        amountMicro: count * 1_000_000,
      });
    }
  }
}

/** What an owner does to the cap meanwhile, and what statements do: some bills are paid, some fail first. */
async function billOne(database: Database, usage: UsageService, turn: number): Promise<void> {
  const tenantId = tenantIds[2]!;
  await setCap(usage, tenantId, 2_000 + (turn % 4) * 1_000);
  const ref = `${Date.now()}-${turn}`;
  const bucket = `${await schemaOf(database.pool, tenantId)}.`;
  const ask = <Row extends QueryResultRow>(text: string, ...values: unknown[]) =>
    database.pool.query<Row>(text.replaceAll('u00.', bucket), [tenantId, ...values]);
  const say = (what: string) => ask(`select u00.credit_overage_${what}($1, $2)`, ref);
  const { rows } = await ask<{ unbilled: string }>(
    `select coalesce(sum(d.micro), 0) - (select coalesce(sum(b.micro), 0)
       from u00.overage_bills b where b.tenant_id = $1) as unbilled
     from u00.credit_draws d where d.tenant_id = $1 and d.kind = 'overage'`,
  );
  await ask('select u00.credit_overage_billed($1, $2, $3)', ref, rows[0]!.unbilled);
  if (turn % 2 === 0) await say('failed');
  await say(turn % 5 === 4 ? 'void' : 'paid');
}

/** What an operator and the bank do to grants meanwhile; the newest of a tenant is left alone. */
async function changeOne({ credits }: UsageService, turn: number): Promise<void> {
  const tenantId = tenantIds[turn % tenantIds.length]!;
  const { grants: all } = await credits.read(tenantId);
  const grant = all[turn % Math.max(1, all.length - 1)];
  if (grant === undefined) return;
  const change = { tenantId, grantId: grant.id, ref: `${grant.id}-${turn}`, ...by };
  if (turn % 3 === 0) await credits.revoke({ ...change, micro: 1_000_000 });
  await credits.freeze(change);
  await credits.unfreeze(change);
}

function startThree(name: string): {
  tasks: CallerTask[];
  callers: ReturnType<typeof startCaller>[];
} {
  const tasks = [0, 1, 2].map((number): CallerTask => ({
    name: `${name}-p${number}`,
    seed: number * 7919 + name.length,
    databaseUrl: server.url,
    journal: path.join(server.folder, `${name}-p${number}`),
    tenantIds,
    amounts: [1, 2, 5, 60],
    callers: 20,
    milliseconds: (KILLS + 1) * 60_000,
    mix: 'everything',
  }));
  return { tasks, callers: tasks.map(startCaller) };
}

const acknowledged = ([first]: CallerTask[]) => readJournals([first!.journal]).acked.size;
const inTime = (milliseconds: number) =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

/** Whether grants and overage have both paid: only then have they been raced. */
async function isAllDrawnFrom({ pool }: Database): Promise<boolean> {
  const kinds = await inEveryBucket(
    pool,
    `select distinct kind::text from u00.credit_draws where kind in ('grant', 'overage')`,
  );
  return new Set(kinds.map(({ kind }) => kind)).size === 2;
}

async function killAll(callers: ReturnType<typeof startCaller>[]): Promise<void> {
  for (const { process } of callers) process.kill('SIGKILL');
  await Promise.all(callers.map(({ ended }) => ended));
}

/** Invariants 1 to 7 and 11, as the next start finds them and after it ended what was under way. */
async function assertInvariants(journals: string[], prefix: string): Promise<void> {
  await withUsage(async (database, usage) => {
    await assertLedger(database, journals, prefix);
    expect(await creditFaults(database.pool)).toEqual([]);
    // Holds of the race live for a second.
    await inTime(1_100);
    while ((await usage.expireReservations()) > 0);
    for (const tenantId of tenantIds) await usage.credits.read(tenantId);
    await assertLedger(database, journals, prefix);
    expect(await creditFaults(database.pool)).toEqual([]);
    const ask = (text: string) => inEveryBucket(database.pool, text);
    expect(
      await ask(`select * from u00.usage_totals where used - beyond > "limit" or held <> 0`),
    ).toEqual([]);
    expect(await ask(`select * from u00.credit_grants where held_micro <> 0`)).toEqual([]);
    expect(await ask(`select * from u00.overage_periods where held_micro <> 0`)).toEqual([]);
    // What was recorded at once was paid in full, by grants that were in force. A draw has the instant at which
    // its batch was made: one that waited for the account meanwhile, at most for a query's time, finds what was
    // given since.
    expect(
      await ask(
        `select d.* from u00.usage u
         join u00.credit_draws d on d.tenant_id = u.tenant_id
           and d.seq between u.draw_seq and u.draw_seq + u.draw_count - 1
         left join u00.credit_grants g on g.tenant_id = d.tenant_id and g.id = d.grant_id
         where u.reservation_id is null and u.amount > 0 and d.kind in ('grant', 'uncovered')
           and (g.id is null or d.drawn_at < g.effective_at - interval '15 seconds'
             or d.drawn_at >= g.expires_at)`,
      ),
    ).toEqual([]);
    expect(await isAllDrawnFrom(database)).toBe(true);
  });
}

test('12.2 12.4 invariants 7, 11, 27: apps that are killed while they draw lose and double no credits', async () => {
  const journals: string[] = [];
  await withUsage(async (database, usage) => {
    for (let kill = 0; kill < KILLS; kill += 1) {
      await giveAll(usage);
      const { tasks, callers } = startThree(`app${kill}`);
      journals.push(...tasks.map(({ journal }) => journal));
      const isEnough = async () => acknowledged(tasks) >= 50 && (await isAllDrawnFrom(database));
      for (let turn = 0; turn < 12 || !(await isEnough()); turn += 1) {
        await changeOne(usage, turn);
        await billOne(database, usage, turn);
      }
      await inTime((kill * 37) % 90);
      await killAll(callers);
    }
  });
  await assertInvariants(journals, 'app');
});

test.skipIf(CITUS_URL)(
  '12.2 12.4 invariants 7, 11, 27: a PostgreSQL that is killed loses and doubles no credits',
  async () => {
    await withUsage((_database, usage) => giveAll(usage));
    const { tasks, callers } = startThree('pg');
    let killed: number | undefined;
    /** Sessions of a killed server may answer for a moment more: these are the new one's answers. */
    const answersAgain = async () => {
      while ([killed, undefined].includes(server.pid())) await inTime(50);
      const seen = acknowledged(tasks);
      while (acknowledged(tasks) < seen + 50) await inTime(50);
    };
    for (let kill = 0; kill < KILLS; kill += 1) {
      await answersAgain();
      // It comes back by itself.
      killed = server.pid()!;
      process.kill(killed, 'SIGKILL');
    }
    await answersAgain();
    await withUsage(async (database) => {
      while (!(await isAllDrawnFrom(database))) await inTime(50);
    });
    await killAll(callers);
    await assertInvariants(
      tasks.map(({ journal }) => journal),
      'pg',
    );
  },
);
