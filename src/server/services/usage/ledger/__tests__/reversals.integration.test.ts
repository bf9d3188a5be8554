import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeBuckets } from '../../../../../../tests/support/buckets.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { clock, faults, reversalWorld } from './reversal-world.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await makeBuckets(database.url, 2);
});
afterAll(() => database.drop());

type World = Awaited<ReturnType<typeof reversalWorld>>;
const JULY = '2026-07-10T12:00:00Z';
const ENDS_JUNE = '2026-06-01T00:00:00Z';
const END_OF_YEAR = '2026-12-31T00:00:00Z';

interface Case {
  what: string;
  capMinor?: number;
  /** Makes the row that is taken back the last of the ledger. */
  use: (world: World) => Promise<unknown>;
  /** When it is taken back. */
  at?: string;
  extendTo?: string;
  /** Name or kind, credits back, lapsed, revoked: in the order in which they were given back. */
  sources: [string, number, number, number][];
  quotaUnits?: number;
  /** Credits that can be used afterwards. */
  balance: number;
}

const CASES: Case[] = [
  {
    what: 'of the quota alone',
    use: ({ usage, tenantId }) =>
      usage.trackUsage({ tenantId, resourceType: 'messages', amount: 7 }),
    sources: [],
    quotaUnits: 7,
    balance: 0,
  },
  {
    what: 'of one grant',
    use: async ({ give, draw }) => {
      await give('a', 10);
      await draw(3);
    },
    sources: [['a', 6, 0, 0]],
    balance: 10,
  },
  {
    what: 'of two grants, the last first',
    use: async ({ give, draw }) => {
      await give('a', 3, ENDS_JUNE);
      await give('b', 9);
      await draw(4);
    },
    sources: [
      ['b', 5, 0, 0],
      ['a', 3, 0, 0],
    ],
    balance: 12,
  },
  {
    what: 'of a grant and overage',
    capMinor: 1_000,
    use: async ({ give, draw }) => {
      await give('a', 3);
      await draw(4);
    },
    sources: [
      ['overage', 5, 0, 0],
      ['a', 3, 0, 0],
    ],
    balance: 3,
  },
  {
    what: 'of a grant and nobody',
    use: async ({ give, draw }) => {
      await give('a', 3);
      await draw(4, { enforce: false });
    },
    sources: [
      ['uncovered', 5, 0, 0],
      ['a', 3, 0, 0],
    ],
    balance: 3,
  },
  {
    what: 'of a grant that ended, which lapses',
    use: async ({ give, draw }) => {
      await give('a', 9, ENDS_JUNE);
      await give('b', 4);
      await draw(2);
    },
    at: JULY,
    sources: [['a', 4, 4, 0]],
    balance: 4,
  },
  {
    what: 'of a grant that ended and is extended: what was left at its end stays lapsed',
    use: async ({ give, draw }) => {
      await give('a', 9, ENDS_JUNE);
      await give('b', 4);
      await draw(2);
    },
    at: JULY,
    extendTo: END_OF_YEAR,
    sources: [['a', 4, 0, 0]],
    balance: 8,
  },
  {
    what: 'of two grants of which one ended',
    use: async ({ give, draw }) => {
      await give('a', 3, ENDS_JUNE);
      await give('b', 9);
      await draw(4);
    },
    at: JULY,
    extendTo: END_OF_YEAR,
    sources: [
      ['b', 5, 0, 0],
      ['a', 3, 0, 0],
    ],
    balance: 12,
  },
  {
    what: 'of a grant that was revoked as a whole',
    use: async ({ give, draw, usage, tenantId, by }) => {
      const grantId = await give('a', 9);
      await draw(2);
      await usage.credits.revoke({ tenantId, grantId, ref: 'r', ...by });
    },
    sources: [['a', 4, 0, 4]],
    balance: 0,
  },
  {
    what: 'of a hold over the quota and two grants',
    use: async ({ give, usage, tenantId }) => {
      await usage.trackUsage({ tenantId, resourceType: 'messages', amount: 9_990 });
      await give('a', 1);
      await give('b', 9, END_OF_YEAR);
      const hold = { tenantId, resourceType: 'messages', amount: 60, ttlSeconds: 60 } as const;
      const { reservationId } = await usage.reserve(hold);
      await usage.settle({ reservationId, tenantId, amount: 30 });
    },
    sources: [
      ['b', 1, 0, 0],
      ['a', 1, 0, 0],
    ],
    quotaUnits: 10,
    balance: 10,
  },
];

describe('12.54 a row of the ledger is taken back exactly', () => {
  test.each(CASES)('$what', async (one) => {
    const world = await reversalWorld(database, one.capMinor);
    const { rows, reverse, foresee, books, sources, usage, tenantId, ask } = world;
    await one.use(world);
    if (one.at !== undefined) clock.set(one.at);
    const row = (await rows()).at(-1)!;
    const before = await books();
    const foreseen = await foresee(row, one.extendTo);
    expect(await books()).toBe(before);
    const done = await reverse(row, one.extendTo);
    expect(done).toEqual(foreseen);
    expect(sources(done)).toEqual(one.sources);
    expect(done.quotaUnits).toBe(one.quotaUnits ?? 0);
    expect(done.before - done.after).toBe(done.row.amount);
    expect((await usage.credits.read(tenantId)).balance).toBe(one.balance * 1e6);
    const pair = await ask(
      `select sum(amount)::int as amount, count(distinct occurred_at)::int as instants
       from u00.usage where tenant_id = $1 and $2::bigint in (id, reverses_id) group by tenant_id`,
      row,
    );
    expect(pair).toEqual([{ amount: 0, instants: 1 }]);
    expect(await faults(database)).toEqual([]);
    // Typed again it is refused, and changes nothing.
    const after = await books();
    const again = /was taken back already, by row \d+ at .* \(service:test\)/;
    await expect(reverse(row, one.extendTo)).rejects.toThrow(again);
    await expect(foresee(row)).rejects.toMatchObject({ data: { refusal: 'row_reversed' } });
    expect(await books()).toBe(after);
  });

  test('what comes back of overage can be used again', async () => {
    const { draw, overage, reverse, rows } = await reversalWorld(database, 96);
    await draw(4);
    expect(await overage()).toMatchObject({ usedMinor: 96, unpaidMinor: 96 });
    await reverse((await rows()).at(-1)!);
    expect(await overage()).toMatchObject({ usedMinor: 0, unpaidMinor: 0 });
    await draw(4);
  });

  test('its member, its model and its day have it no more', async () => {
    const { draw, give, reverse, rows, usage, tenantId } = await reversalWorld(database);
    await database.db.transaction((tx) =>
      usage.memberLimits.set(tx, { tenantId, memberId: 'ada', limits: { images: 5 } }),
    );
    await give('a', 20);
    clock.set('2026-05-12T12:00:00Z');
    await draw(5, { metadata: { userId: 'ada', model: 'm' } });
    clock.set('2026-05-13T12:00:00Z');
    await reverse((await rows()).at(-1)!);
    expect(await usage.memberLimits.list(tenantId)).toMatchObject([{ used: 0, limit: 5 }]);
    const days = (await usage.getHistory(tenantId, 5)).days.map(({ images }) => images);
    expect(days).toEqual([0, 500, 0, 0, 0]);
    expect(await faults(database)).toEqual([]);
    await draw(5, { metadata: { userId: 'ada', model: 'm' } });
  });

  test('what an earlier correction gave back of its draws comes from the newest others', async () => {
    const { draw, give, reverse, rows, sources, usage, images, by } = await reversalWorld(database);
    await give('a', 4, ENDS_JUNE);
    await give('b', 20);
    await draw(2);
    await draw(3);
    const [, , second] = await rows();
    // Takes all of the second and one of the first.
    await usage.correct({ ...images, amount: -1, ...by });
    const done = await reverse(second!);
    expect(sources(done)).toEqual([
      ['b', 4, 0, 0],
      ['a', 2, 0, 0],
    ]);
    expect(done.after).toBe(501);
    expect(await faults(database)).toEqual([]);
  });

  test('an expired hold that was taken back is settled in full when its work ends after all', async () => {
    const { give, hold, usage, tenantId, reverse, rows, sources } = await reversalWorld(database);
    await give('a', 20);
    const { reservationId } = await hold(3);
    await usage.begin({ reservationId, amount: 3 });
    clock.set('2026-05-10T14:00:00Z');
    await usage.expireReservations();
    expect(sources(await reverse((await rows()).at(-1)!))).toEqual([['a', 6, 0, 0]]);
    expect(await usage.settle({ reservationId, tenantId, amount: 2 })).toMatchObject({ used: 502 });
    expect((await usage.credits.read(tenantId)).balance).toBe(16e6);
    expect(await faults(database)).toEqual([]);
  });
});

describe('12.54 a row is not taken back', () => {
  const refusalOf = (call: Promise<unknown>) =>
    call.then(
      () => undefined,
      ({ data }: { data: { refusal?: string } }) => data.refusal,
    );

  test('when it is itself a correction, is nobody’s or another team’s', async () => {
    const { rows, reverse, usage, images, by } = await reversalWorld(database);
    const other = await reversalWorld(database);
    await usage.correct({ ...images, amount: -3, ...by });
    const [first, correction] = await rows();
    expect(await refusalOf(reverse(correction!))).toBe('row_corrects');
    await expect(reverse(correction!)).rejects.toThrow('is itself a correction');
    expect(await refusalOf(reverse('123456789012345'))).toBe('no_such_row');
    expect(await refusalOf(other.reverse(first!))).toBe('no_such_row');
    await expect(reverse(first!)).rejects.toThrow('less than nothing');
    await expect(other.foresee(first!)).rejects.toMatchObject({ code: 'not_found' });
  });

  test('when a late settlement took some of it, and to a time that is over', async () => {
    const { give, hold, usage, tenantId, reverse, rows } = await reversalWorld(database);
    await give('a', 20);
    const { reservationId } = await hold(3);
    await usage.begin({ reservationId, amount: 3 });
    clock.set('2026-05-10T14:00:00Z');
    await usage.expireReservations();
    const row = (await rows()).at(-1)!;
    expect(await refusalOf(reverse(row, '2026-05-10T14:00:00Z'))).toBe('extend_not_later');
    await usage.settle({ reservationId, tenantId, amount: 2 });
    expect(await refusalOf(reverse(row))).toBe('row_settled_again');
  });

  test('twice, however many ask at once', async () => {
    const { give, draw, reverse, rows } = await reversalWorld(database);
    await give('a', 20);
    await draw(3);
    const row = (await rows()).at(-1)!;
    const done = await Promise.allSettled(Array.from({ length: 8 }, () => reverse(row)));
    expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await faults(database)).toEqual([]);
  });
});
