import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inEveryBucket } from '../support/buckets.ts';
import { FIRST_PLANS } from '../support/first-plans.ts';
import { imbalances, memberFaults, meteredTenant } from '../support/metered-tenant.ts';
import { putOnPlan } from '../support/metering.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import type { MemberLimits } from '../../src/domain/billing/usage/member-limits.ts';
import { systemClock } from '../../src/server/clock.ts';
import { usageService } from '../../src/server/services/usage/__tests__/service.ts';
import { readJournals, startCaller, type CallerTask } from './processes.ts';

const PROCESSES = 3;
/** How often in a row; `npm run test:race` asks for 20. */
const RUNS = Number(process.env.RACE_RUNS ?? 1);

let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = mkdtempSync(path.join(tmpdir(), 'squaretable-race-'));
});

afterAll(async () => {
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

type Mix = Pick<CallerTask, 'tenantIds' | 'amounts' | 'mix' | 'memberIds'>;

function tasks(kind: string, run: number, rest: Mix) {
  return Array.from({ length: PROCESSES }, (_, number): CallerTask => ({
    name: `${kind}${run}-p${number}`,
    seed: number * 7919 + run * 104_729,
    databaseUrl: database.url,
    journal: path.join(folder, `${kind}${run}-p${number}`),
    callers: 30,
    milliseconds: 1_500,
    ...rest,
  }));
}

async function race(all: CallerTask[], meanwhile: () => Promise<void>) {
  let racing = true;
  const watching = (async () => {
    while (racing) await meanwhile();
  })();
  await Promise.all(all.map((task) => startCaller(task).ended)).finally(() => (racing = false));
  await watching;
  return readJournals(all.map((task) => task.journal));
}

async function usedAndHeld(tenantId: string): Promise<{ used: number; held: number }> {
  const rows = await inEveryBucket<{ used: string; held: string }>(
    database.pool,
    `select used, held from u00.usage_totals where tenant_id = $1 and resource_type = 'messages'`,
    [tenantId],
  );
  return { used: Number(rows[0]?.used ?? 0), held: Number(rows[0]?.held ?? 0) };
}

/** Asks for units of 1 until one is refused, as a slow machine's processes may not come to it; answers how many. */
async function useUp(tenantId: string, memberId?: string): Promise<number> {
  const usage = usageService(database, systemClock);
  const metadata = memberId === undefined ? {} : { metadata: { userId: memberId } };
  for (let count = 0; ; count += 1) {
    const one = { tenantId, resourceType: 'messages' as const, amount: 1, ...metadata };
    const refusal = await usage.trackUsage(one).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refusal === undefined) continue;
    const code = memberId === undefined ? 'quota_exceeded' : 'member_limit';
    expect(refusal).toMatchObject({ code });
    return count;
  }
}

test.for(Array.from({ length: RUNS }, (_, run) => run))(
  'three processes fill a limit to the last unit and never pass it (run %i)',
  async (run) => {
    const tenantId = await meteredTenant(database.pool, 'free');
    const limit = FIRST_PLANS.free.limits.messages!;
    const journal = await race(
      tasks('fill', run, { tenantIds: [tenantId], amounts: [1, 2, 3, 60], mix: 'records' }),
      async () => expect((await usedAndHeld(tenantId)).used).toBeLessThanOrEqual(limit),
    );
    const acked = [...journal.acked.values()].reduce((sum, amount) => sum + amount, 0);
    expect(journal.over).toEqual([]);
    // To the end: a large refusal blocks none of 1.
    expect(acked + (await useUp(tenantId))).toBe(limit);
    expect(await usedAndHeld(tenantId)).toEqual({ used: limit, held: 0 });
    expect(await imbalances(database.pool)).toEqual([]);
  },
);

test.for(Array.from({ length: RUNS }, (_, run) => run))(
  'records, holds, settlements, expiries and plan changes at once keep the books (run %i)',
  async (run) => {
    const tenantIds = await Promise.all([0, 1, 2].map(() => meteredTenant(database.pool, 'free')));
    let turn = 0;
    const journal = await race(
      tasks('all', run, { tenantIds, amounts: [1, 4, 25, 700], mix: 'everything' }),
      async () => {
        turn += 1;
        await putOnPlan(database, tenantIds[turn % 3]!, turn % 2 ? 'pro' : 'free');
      },
    );
    expect(journal.over).toEqual([]);
    expect(journal.acked.size).toBeGreaterThan(0);
    expect(await imbalances(database.pool)).toEqual([]);
  },
);

test.for(Array.from({ length: RUNS }, (_, run) => run))(
  '13 three processes fill a member’s limit to the last unit and never pass it, while others change (run %i)',
  async (run) => {
    const tenantId = await meteredTenant(database.pool, 'pro');
    const [ada, bob, carol] = [randomUUID(), randomUUID(), randomUUID()];
    const usage = usageService(database, systemClock);
    const limit = (memberId: string, limits: MemberLimits) =>
      database.db.transaction((tx) => usage.memberLimits.set(tx, { tenantId, memberId, limits }));
    await limit(ada, { messages: 150, llm_tokens: 900 });
    const roomsOf = async (memberId: string) => usage.memberLimits.list(tenantId, memberId);
    let turn = 0;
    const mix = run % 2 === 0 ? ('records' as const) : ('everything' as const);
    const memberIds = [ada, bob, carol];
    const journal = await race(
      tasks('members', run, { tenantIds: [tenantId], amounts: [1, 2, 7], mix, memberIds }),
      async () => {
        for (const { used, limit: most } of mix === 'records' ? await roomsOf(ada) : []) {
          expect(used).toBeLessThanOrEqual(most);
        }
        turn += 1;
        await limit(bob, turn % 2 ? { messages: turn * 20 } : {});
      },
    );
    expect(journal.over).toEqual([]);
    if (mix === 'records') await useUp(tenantId, ada);
    const [messages] = (await roomsOf(ada)).filter((room) => room.resourceType === 'messages');
    if (mix === 'records') expect(messages).toMatchObject({ used: 150, held: 0 });
    expect(await memberFaults(database.pool)).toEqual([]);
    expect(await imbalances(database.pool)).toEqual([]);
  },
);
