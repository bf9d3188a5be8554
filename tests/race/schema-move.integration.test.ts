import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Plan } from '../../src/domain/plans.ts';
import { systemClock } from '../../src/server/clock.ts';
import { createLog } from '../../src/server/log.ts';
import { LedgerVerificationService } from '../../src/server/services/usage/ledger/ledger-verification.service.ts';
import { UsageService } from '../../src/server/services/usage.service.ts';
import { inEveryBucket } from '../support/buckets.ts';
import { CITUS_URL } from '../support/citus.ts';
import { imbalances, tenantInBucket } from '../support/metered-tenant.ts';
import { makeBucketThere } from '../support/second-server.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const CALLERS = 24;
const TENANTS = 12;
const log = createLog('silent', false);

const event = (tenantId: string, idempotencyKey: string) => ({
  ...{ tenantId, idempotencyKey, amount: 1 },
  ...({ resourceType: 'messages', enforce: false } as const),
});

/** Runs on a cluster alone: `npm run test:citus`. */
const onCluster = test.skipIf(CITUS_URL === undefined);
let database: TestDatabase;
beforeAll(async () => {
  if (CITUS_URL !== undefined) database = await createTestDatabase({ max: 20 });
});
afterAll(() => database?.drop());

onCluster(
  '11.3 a bucket moved from worker to worker under load is followed, and no call is refused',
  async () => {
    const usage = new UsageService({ database, clock: systemClock, log });
    await usage.ensurePartitions();
    usage.start();
    const inOne = (plan: Plan) =>
      Promise.all(Array.from({ length: TENANTS }, () => tenantInBucket(database.pool, 1, plan)));
    const tenants = await inOne('team');
    // Their quotas are used up, and theirs is recorded all the same: not every group of a batch fits.
    const full = await inOne('free');
    await usage.ingestBatch(
      full.map((tenantId) => ({ ...event(tenantId, 'full'), amount: 1_000_000 })),
    );
    let moving = true;
    const accepted = new Map<string, number>();
    const refused: unknown[] = [];
    const call = async (caller: number) => {
      for (let n = 0; moving; n += 1) {
        const idempotencyKey = `${caller}-${n}`;
        const both = [tenants[n % TENANTS]!, full[n % TENANTS]!];
        const events = both.map((tenantId) => event(tenantId, idempotencyKey));
        await usage.ingestBatch(events).then(
          (answers) =>
            answers.forEach((answer, i) => {
              if (answer.status !== 'recorded') refused.push(answer);
              else accepted.set(`${both[i]} ${idempotencyKey}`, 1);
            }),
          (error: unknown) => refused.push(error),
        );
      }
    };
    const callers = Array.from({ length: CALLERS }, (_, caller) => call(caller));
    const before = (await database.buckets.list())[1]!.node;
    for (let move = 0; move < 2; move += 1) await moveSchema('u01');
    await moveSchema('u01');
    const after = (await database.buckets.list())[1]!.node;
    const atMove = accepted.size;
    // Longer than it takes to look where the bucket lies by now.
    await new Promise((resolve) => setTimeout(resolve, 7_000));
    moving = false;
    await Promise.all(callers);
    await usage.stop();

    expect(refused).toEqual([]);
    expect(after).not.toBe(before);
    expect((await database.buckets.of(1)).node).toBe(after);
    expect(accepted.size).toBeGreaterThan(atMove);
    const rows = await inEveryBucket<{ key: string; ids: number }>(
      database.pool,
      `select tenant_id || ' ' || idempotency_key as key, count(distinct id)::int as ids
     from u00.usage where idempotency_key is not null and idempotency_key <> 'full' group by 1`,
    );
    expect(rows.length).toBe(accepted.size);
    expect(rows.filter(({ ids }) => ids !== 1)).toEqual([]);
    expect(await imbalances(database.pool)).toEqual([]);
    const verification = await new LedgerVerificationService({
      database,
      clock: systemClock,
      log,
    }).verify();
    expect(verification).toMatchObject({ differences: [], copies: [], away: [] });
  },
  120_000,
);

onCluster('11.3 ids of buckets that share a worker never meet', async () => {
  const usage = new UsageService({ database, clock: systemClock, log });
  const numbers = (await database.buckets.list()).map(({ number }) => number);
  const next = await Promise.all(
    numbers.map(async (number) => {
      const { pool } = await database.buckets.of(number);
      const { rows } = await pool.query<{ id: string }>(
        `select nextval('u0${number}.usage_id_seq') as id`,
      );
      return BigInt(rows[0]!.id) >> 40n;
    }),
  );
  expect(new Set(next).size).toBe(numbers.length);
  await usage.stop();
});

onCluster('11.3 no bucket is made on a worker by its name: Citus places them', async () => {
  const [, { node }] = (await database.buckets.list()) as [unknown, { node: string }];
  await expect(makeBucketThere(database.url, 9, node)).rejects.toThrow(
    `The database on ${node} has Citus, which places buckets itself`,
  );
});

/** To the other worker, while it is used. */
async function moveSchema(schema: string): Promise<void> {
  const client = new pg.Client(database.url);
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string; port: number }>(
      `select nodename as name, nodeport as port from pg_dist_node n
       where noderole = 'primary' and shouldhaveshards
         and nodename || ':' || nodeport <> (select node from bucket_nodes() where number = $1)
       limit 1`,
      [Number(schema.slice(1))],
    );
    const { name, port } = rows[0]!;
    // What the move before left is dropped beside the calls, and may be there still.
    await client.query('call citus_cleanup_orphaned_resources()');
    await client.query('select citus_schema_move($1::regnamespace, $2::text, $3::int)', [
      schema,
      name,
      port,
    ]);
  } finally {
    await client.end();
  }
}
