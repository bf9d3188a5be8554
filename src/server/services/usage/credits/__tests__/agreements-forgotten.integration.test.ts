import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { inEveryBucket } from '../../../../../../tests/support/buckets.ts';
import { creditFaults } from '../../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { KEPT_DAYS } from '../../../../../domain/accounts/retention.ts';
import { forgetOld } from '../../../operations/forget-old.ts';
import { HandClock } from '../../__tests__/service.ts';
import { overageWorld } from './overage-world.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
afterEach(async () => expect(await creditFaults(database.pool)).toEqual([]));

const clock = new HandClock('2026-05-10T12:00:00Z');
const DAY_MS = 86_400_000;
const forgetAt = (now: Date) => forgetOld({ database, clock: { now: () => now } });
const after = (iso: string, days: number) => new Date(Date.parse(iso) + days * DAY_MS);

const ask = <Row extends object>(text: string, tenantId: string) =>
  inEveryBucket<Row>(database.pool, text, [tenantId]);
/** Number and cap of each agreement that is kept; a cap of 0: it was switched off. */
async function kept(tenantId: string): Promise<[number, number][]> {
  const rows = await ask<{ n: number; cap: number }>(
    `select n, case when is_on then cap_minor else 0 end::int as cap from u00.overage_consents
     where tenant_id = $1 order by n`,
    tenantId,
  );
  return rows.map(({ n, cap }) => [n, cap]);
}

test('10.23 agreements under which nothing was used are forgotten, those that bills go by never', async () => {
  const { tenantId, agree, end, draw, hold, usage, images } = await overageWorld(
    database,
    clock,
    960,
  );
  // In June it is used under the third and, by a hold that is settled in July, under the fourth.
  for (const [at, cap] of [
    ['2026-06-01T10:00:00Z', 970],
    ['2026-06-02T10:00:00Z', 980],
  ] as const) {
    clock.set(at);
    await agree(cap);
  }
  await usage.trackUsage({ ...images, amount: 500 });
  await draw(1);
  clock.set('2026-06-30T23:59:30Z');
  await agree(990);
  const { reservationId } = await hold(1);
  clock.set('2026-07-01T00:00:10Z');
  await end();
  await usage.settle({ reservationId, tenantId, amount: 1 });
  for (const cap of [1_000, 1_010, 1_020]) {
    clock.set(after(clock.now().toISOString(), 31).toISOString());
    await agree(cap);
  }
  const all = await kept(tenantId);
  expect(all.map(([, cap]) => cap)).toEqual([960, 970, 980, 990, 0, 1_000, 1_010, 1_020]);
  // The first one was followed in June, in which overage was used; the last one is in force.
  const last = clock.now().toISOString();
  await forgetAt(after(last, KEPT_DAYS.unusedAgreements - 1));
  expect((await kept(tenantId)).map(([n]) => n)).toEqual([1, 2, 3, 4, 5, 7, 8]);
  await forgetAt(after(last, KEPT_DAYS.unusedAgreements + 1));
  expect((await kept(tenantId)).map(([n]) => n)).toEqual([1, 2, 3, 4, 5, 8]);
  await forgetAt(after(last, 10 * 365));
  expect((await kept(tenantId)).map(([n]) => n)).toEqual([1, 2, 3, 4, 5, 8]);
  // The next one follows the last, and switching off what is off says nothing new.
  await end();
  await end();
  expect((await kept(tenantId)).slice(-2)).toEqual([
    [8, 1_020],
    [9, 0],
  ]);
  await agree(1_030);
  expect((await kept(tenantId)).at(-1)).toEqual([10, 1_030]);
});

test('10.23 marks of the cap are forgotten when the owner was told, those of which nobody was are not', async () => {
  const { tenantId, draw } = await overageWorld(database, clock, 96);
  await draw(2);
  await draw(2);
  const notices = () =>
    ask(
      `select percent, mail_due as due from u00.overage_notices where tenant_id = $1 order by percent`,
      tenantId,
    );
  const told = { due: false };
  await ask(
    `update u00.overage_notices set mail_due = percent = 100 where tenant_id = $1`,
    tenantId,
  );
  const [half, most, whole] = [50, 80, 100].map((percent) => ({ percent, ...told }));
  const untold = { ...whole, due: true };
  const now = clock.now().toISOString();
  await forgetAt(after(now, KEPT_DAYS.overageNotices - 1));
  expect(await notices()).toEqual([half, most, untold]);
  await forgetAt(after(now, KEPT_DAYS.overageNotices + 1));
  expect(await notices()).toEqual([untold]);
});
