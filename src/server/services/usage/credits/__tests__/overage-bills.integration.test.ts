import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { creditFaults, imbalances } from '../../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { mailCrossings } from '../../../mail/from-buckets/crossings.ts';
import { HandClock } from '../../__tests__/service.ts';
import { by, cap, overageWorld, refusalOf } from './overage-world.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
afterEach(async () => {
  expect(await imbalances(database.pool)).toEqual([]);
  expect(await creditFaults(database.pool)).toEqual([]);
});

const clock = new HandClock('2026-05-10T12:00:00Z');
const world = (capMinor: number | null) => overageWorld(database, clock, capMinor);
/** Credits in µcr, as a bill counts them. */
const credits = (count: number) => count * 1_000_000;
const unpaid = (usedMinor: number) => ['unpaid', cap(1_000_000, usedMinor)];

test('12.4 no more than the exposure is unpaid at once, and paid bills raise it', async () => {
  const { draw, say, overage } = await world(1_000_000);
  // ¥50 are 208 pictures of 24 fen.
  await draw(208);
  expect(await refusalOf(draw())).toEqual(unpaid(4_992));
  expect(await say('billed', 's1', credits(416))).toBe(true);
  expect(await say('billed', 's1', credits(999))).toBe(false);
  expect(await refusalOf(draw())).toEqual(unpaid(4_992));
  expect(await say('paid', 's1')).toBe(true);
  expect(await say('paid', 's1')).toBe(false);
  expect(await overage()).toMatchObject({
    unpaidMinor: 0,
    exposureMinor: 20_000,
    usedMinor: 4_992,
  });
  await draw(833);
  expect(await refusalOf(draw())).toEqual(unpaid(24_984));
  await say('billed', 's2', credits(1_666));
  await say('paid', 's2');
  expect(await overage()).toMatchObject({ unpaidMinor: 0, exposureMinor: 50_000 });
});

test('12.4 an operator sets what may be unpaid, from the next call on, and takes it back', async () => {
  const { draw, tenantId, usage } = await world(1_000_000);
  const trust = (exposureMinor: number | null) =>
    usage.credits.setExposure({ tenantId, exposureMinor, ...by });
  await draw(208);
  expect(await refusalOf(draw())).toEqual(unpaid(4_992));
  expect(await trust(7_400)).toMatchObject({ exposureMinor: 7_400, unpaidMinor: 4_992 });
  await draw(100);
  expect(await refusalOf(draw())).toEqual(unpaid(7_392));
  expect(await trust(0)).toMatchObject({ exposureMinor: 0, unpaidMinor: 7_392 });
  expect(await refusalOf(draw())).toEqual(unpaid(7_392));
  expect(await trust(null)).toMatchObject({ exposureMinor: 5_000 });
  for (const impossible of [-1, 0.5, NaN, 1e15]) {
    await expect(trust(impossible)).rejects.toMatchObject({ code: 'invalid_request' });
  }
  const { rows } = await database.pool.query<{ before: object; after: object }>(
    `select before, after from audit_log where tenant_id = $1 and action = 'overage.trusted'
     order by id`,
    [tenantId],
  );
  const of = (exposureMinor: number | null) => ({ exposureMinor, currency: 'cny' });
  expect(rows).toEqual(
    [
      [5_000, 7_400],
      [7_400, 0],
      [0, null],
    ].map(([was, is]) => ({ before: of(was!), after: { ...of(is!), reason: by.reason } })),
  );
});

test('12.4 who never agreed to overage has nothing to be trusted with', async () => {
  const { tenantId, usage } = await world(null);
  const trusted = usage.credits.setExposure({ tenantId, exposureMinor: 100, ...by });
  await expect(trusted).rejects.toMatchObject({ code: 'not_found' });
});

test('12.4 22. 23. a payment that fails suspends overage alone, until nothing is unpaid', async () => {
  const { draw, give, hold, say, usage, tenantId, overage, taken } = await world(1_000_000);
  await draw(4);
  const { reservationId } = await hold(1);
  await say('billed', 's1', credits(4));
  await say('billed', 's2', credits(4));
  expect(await say('failed', 's1')).toBe(true);
  expect(await say('failed', 's1')).toBe(false);
  await say('failed', 's2');
  expect(await overage()).toMatchObject({ enabled: true, suspended: 'unpaid' });
  expect(await refusalOf(draw())).toEqual(unpaid(96));
  expect((await usage.credits.read(tenantId)).spendable.images).toBe(0);
  await usage.settle({ reservationId, tenantId, amount: 1 });
  await give('a', 2);
  await draw(1);
  expect((await taken()).at(-1)).toEqual(['grant', -2, 1]);
  await usage.trackUsage({ tenantId, resourceType: 'messages', amount: 1 });

  await say('paid', 's1');
  expect(await refusalOf(draw())).toEqual(unpaid(120));
  await say('paid', 's2');
  await draw(1);
  expect(await overage()).toMatchObject({ suspended: null, unpaidMinor: 48, usedMinor: 144 });
});

test('12.4 24. 25. what is void is unpaid no longer and trusted no more; a lapse stays one', async () => {
  const { draw, say, overage } = await world(1_000_000);
  await draw(4);
  await say('billed', 's1', credits(8));
  await say('failed', 's1');
  expect(await say('lapse', 'uncollectible', clock.now())).toBe(true);
  expect(await say('lapse', 'uncollectible', clock.now())).toBe(false);
  const over = cap(1_000_000, 96, 'uncollectible');
  expect(await refusalOf(draw())).toEqual(['unpaid', over]);
  expect(await say('void', 's1')).toBe(true);
  expect(await say('paid', 's1')).toBe(false);
  expect(await say('failed', 's1')).toBe(false);
  expect(await overage()).toMatchObject({
    ...{ enabled: false, lapsed: 'uncollectible', suspended: null },
    ...{ unpaidMinor: 0, exposureMinor: 5_000, usedMinor: 96 },
  });
});

test.each([
  ['returned', ['returned'], 0, 5_000],
  ['returned, and kept after all', ['returned', 'paid'], 0, 20_000],
  ['questioned, then lost', ['returned', 'lost'], 96, 5_000],
  ['lost, and kept after all', ['lost', 'paid'], 0, 20_000],
  ['lost, and given up', ['lost', 'returned'], 0, 5_000],
] as const)(
  '12.4 22. a paid bill whose money is %s',
  async (_what, ends, unpaidMinor, exposureMinor) => {
    const { draw, say, overage, tenantId, usage } = await world(1_000_000);
    await draw(4);
    await say('billed', 's1', credits(8));
    expect(await say('paid', 's1')).toBe(true);
    for (const end of ends) {
      expect(await say(end, 's1')).toBe(true);
      expect(await say(end, 's1')).toBe(false);
      for (const late of ['failed', 'void']) expect(await say(late, 's1')).toBe(false);
    }
    expect(await overage()).toMatchObject({ unpaidMinor, exposureMinor, suspended: null });
    await draw(1);
    const left = unpaidMinor + 24;
    expect(await overage()).toMatchObject({ unpaidMinor: left, usedMinor: 120 });
    const bucket = await usage.router.inEach(
      (one) => one.listUnbilled(),
      () => {},
    );
    expect(bucket.flat().filter((one) => one.tenantId === tenantId)).toMatchObject([
      { micro: credits(2) },
    ]);
  },
);

test('12.4 22. what a bank took back leaves the less to be used', async () => {
  const { draw, say } = await world(1_000_000);
  await draw(208);
  await say('billed', 's1', credits(416));
  await say('paid', 's1');
  await draw(1);
  await say('lost', 's1');
  expect(await refusalOf(draw())).toEqual(unpaid(5_016));
  await say('returned', 's1');
  await draw(207);
  expect(await refusalOf(draw())).toEqual(unpaid(9_984));
});

test('12.4 22. a statement is due at half of what is left beside what a bank took back', async () => {
  const { draw, say, tenantId, usage } = await world(1_000_000);
  const due = async () =>
    (
      await usage.router.inEach(
        (bucket) => bucket.listUnbilled(),
        () => {},
      )
    )
      .flat()
      .filter((one) => one.tenantId === tenantId)
      .map(({ isOverThreshold }) => isOverThreshold);
  // ¥24 of ¥50 are lost: half of the rest are ¥13.
  await draw(100);
  await say('billed', 's1', credits(200));
  await say('paid', 's1');
  await say('lost', 's1');
  expect(await due()).toEqual([]);
  await draw(54);
  expect(await due()).toEqual([false]);
  await draw(1);
  expect(await due()).toEqual([true]);
});

test('12.4 a ref that nobody billed, and a team without an account, change nothing', async () => {
  const { say, overage } = await world(1_000);
  for (const what of ['paid', 'returned', 'lost', 'failed', 'void'])
    expect(await say(what, 'none')).toBe(false);
  expect(await overage()).toMatchObject({ suspended: null, unpaidMinor: 0 });
  const bare = await overageWorld(database, clock, null);
  expect(await bare.say('billed', 's1', 5)).toBe(false);
  expect(await bare.say('failed', 's1')).toBe(false);
  expect(await bare.say('lapse', 'uncollectible', clock.now())).toBe(false);
});

test('12.4 55. each mark of the cap is written down once, and a mail is due about the highest', async () => {
  const { draw, agree, notices, tenantId, hold, usage } = await world(240);
  const marks = async () =>
    (await notices()).map(({ percent, cap, mails }) => [percent, cap, mails]);
  await draw(4);
  expect(await marks()).toEqual([]);
  await draw(1);
  expect(await marks()).toEqual([[50, 240, true]]);
  // From a hold, over two marks at once; what is only held is none.
  const { reservationId } = await hold(5);
  expect(await marks()).toHaveLength(1);
  await usage.settle({ reservationId, tenantId, amount: 5 });
  const all = [
    [50, 240, true],
    [80, 240, false],
    [100, 240, true],
  ];
  expect(await marks()).toEqual(all);
  await Promise.all(Array.from({ length: 10 }, () => refusalOf(draw())));
  expect(await marks()).toEqual(all);
  // Whoever set this cap saw that more than half of it is used.
  await agree(400);
  await draw(1);
  expect(await marks()).toEqual(all);
  await draw(5);
  // 16 fen are left, and no picture costs as little.
  await refusalOf(draw());
  expect((await marks()).slice(3)).toEqual([
    [50, 400, false],
    [80, 400, true],
    [100, 400, true],
  ]);

  await mailCrossings(database);
  await mailCrossings(database);
  const { rows } = await database.pool.query(
    `select kind, data ->> 'percent' as percent, data ->> 'capMinor' as cap from mail_outbox
     where tenant_id = $1 and kind like 'overage%' order by 3, 2::int`,
    [tenantId],
  );
  expect(rows.map((row) => [row.kind, row.percent, row.cap])).toEqual([
    ['overage_cap', '50', '240'],
    ['overage_cap', '100', '240'],
    ['overage_cap', '80', '400'],
    ['overage_cap', '100', '400'],
  ]);
  expect((await marks()).filter(([, , due]) => due)).toEqual([]);
});
