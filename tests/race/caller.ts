import { appendFileSync } from 'node:fs';
import { openDatabase } from '../../src/db/client.ts';
import { BillingError } from '../../src/domain/errors.ts';
import { RESOURCE_TYPES } from '../../src/domain/quota.ts';
import { systemClock } from '../../src/server/clock.ts';
import { createLog } from '../../src/server/log.ts';
import { UsageService } from '../../src/server/services/usage.service.ts';
import { isAway } from './away.ts';
import type { CallerTask } from './processes.ts';

/**
 * One process that meters, run by `processes.ts`. It writes `sent <key>` before a call leaves and
 * `acked <key> <amount>` after it was answered, so that the test can compare both with the ledger
 * however the process ends; `over …` when an answer shows more than the limit.
 */
const task = JSON.parse(process.argv[2]!) as CallerTask;
const database = openDatabase({ url: task.databaseUrl, max: 4 });
const usage = new UsageService({ database, clock: systemClock, log: createLog('silent', false) });
const say = (line: string) => appendFileSync(task.journal, `${line}\n`);

// A small linear congruential generator: the same seed makes the same calls.
let state = task.seed;
const random = (below: number) => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};
const pick = <T>(values: readonly T[]): T => values[random(values.length)]!;

const GIVE_UP_MS = 60_000;
const until = performance.now() + task.milliseconds;
await Promise.all(Array.from({ length: task.callers }, (_, caller) => callInTurn(caller)));
await database.close();

/** Who uses it, as the ledger names them. */
function named() {
  return task.memberIds ? { metadata: { userId: pick(task.memberIds) } } : {};
}

async function callInTurn(caller: number): Promise<void> {
  for (let turn = 0; performance.now() < until; turn += 1) {
    const key = `${task.name}-${caller}-${turn}`;
    await (task.mix === 'records' || random(3) > 0 ? record(key) : hold(key));
  }
}

async function record(key: string): Promise<void> {
  const request = {
    tenantId: pick(task.tenantIds),
    resourceType: task.mix === 'records' ? ('messages' as const) : pick(RESOURCE_TYPES),
    amount: pick(task.amounts),
    idempotencyKey: key,
    ...named(),
  };
  say(`sent ${key}`);
  const recorded = await answered(() => usage.trackUsage(request));
  if (recorded === undefined) return;
  say(`acked ${key} ${request.amount}`);
  const { used, limit, remaining } = recorded;
  // A repeat is answered with the counters of the first time.
  if (limit !== null && (used > limit || remaining! < 0)) say(`over ${key} ${used} of ${limit}`);
}

async function hold(key: string): Promise<void> {
  const tenantId = pick(task.tenantIds);
  const resourceType = pick(RESOURCE_TYPES);
  const amount = pick(task.amounts);
  const who = named();
  const ending = pick(['settle', 'settle', 'settle less', 'release', 'forget'] as const);
  const reservation = await answered(() =>
    usage.reserve({
      tenantId,
      resourceType,
      amount,
      ttlSeconds: 1,
      idempotencyKey: `hold-${key}`,
      ...who,
    }),
  );
  if (reservation === undefined || ending === 'forget') {
    await answered(() => usage.expireReservations());
    return;
  }
  const { reservationId } = reservation;
  if (ending === 'release') return void (await answered(() => usage.release({ reservationId })));
  const used = ending === 'settle' ? amount : Math.floor(amount / 2);
  await answered(() => usage.settle({ reservationId, tenantId, amount: used }));
}

/**
 * Until it is answered: what is busy or away is asked again with the same key, as callers should.
 * Not for ever: a test that failed may have taken the database with it.
 */
async function answered<T>(call: () => Promise<T>): Promise<T | undefined> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const isRefusal = error instanceof BillingError && !isAway(error);
      if (isRefusal) return undefined;
      if (!isAway(error) || performance.now() > until + GIVE_UP_MS) throw error;
      await new Promise(setImmediate);
    }
  }
}
