import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { clock, faults, reversalWorld } from './reversal-world.ts';

vi.setConfig({ testTimeout: 600_000 });

let database: TestDatabase;
beforeAll(async () => void (database = await createTestDatabase()));
afterAll(() => database.drop());

type World = Awaited<ReturnType<typeof reversalWorld>>;
type Step =
  | { do: 'draw' | 'hold' | 'correct'; amount: number; part: number }
  | { do: 'give'; count: number; days: number }
  | { do: 'reverse'; which: number; extends: boolean }
  | { do: 'wait'; hours: number };

const amount = fc.integer({ min: 1, max: 6 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('draw', 'hold'), amount, part: fc.nat(6) }),
  fc.record({ do: fc.constant('correct'), amount, part: fc.nat(6) }),
  fc.record({ do: fc.constant('give'), count: fc.integer({ min: 1, max: 9 }), days: amount }),
  fc.record({ do: fc.constant('reverse'), which: fc.nat(50), extends: fc.boolean() }),
  fc.record({ do: fc.constant('reverse'), which: fc.nat(3), extends: fc.boolean() }),
  fc.record({ do: fc.constant('wait'), hours: fc.integer({ min: 1, max: 40 }) }),
) as fc.Arbitrary<Step>;

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const later = (ms: number) => new Date(clock.now().getTime() + ms).toISOString();
const ignore = () => undefined;

interface Ledger extends Record<string, unknown> {
  id: string;
  amount: number;
  actor: string | null;
  taken: string;
  reversed: boolean;
}

/** Each row with what its own draws took and did not get back, and whether it was taken back. */
const ledgerOf = (world: World) =>
  world.ask<Ledger>(`
    select u.id, u.amount::int, u.actor, coalesce(sum(d.micro), 0) as taken,
      exists (select from u00.usage r where r.tenant_id = u.tenant_id and r.reverses_id = u.id)
        as reversed
    from u00.usage u
    left join lateral (
      select d.micro + coalesce((select sum(b.micro) from u00.credit_draws b
        where b.tenant_id = d.tenant_id and b.reverses_seq = d.seq), 0) as micro
      from u00.credit_draws d
      where d.tenant_id = u.tenant_id and d.kind in ('grant', 'overage', 'uncovered')
        and d.seq between u.draw_seq and u.draw_seq + u.draw_count - 1
    ) d on true
    where u.tenant_id = $1
    group by u.tenant_id, u.id, u.amount, u.actor, u.created_at
    order by u.created_at desc, u.id desc`);

async function take(world: World, one: Step, n: number): Promise<void> {
  const { usage, tenantId, images, by } = world;
  switch (one.do) {
    case 'draw':
      return void (await world.draw(one.amount, { enforce: one.part > 2 }).catch(ignore));
    case 'hold': {
      const held = await world.hold(one.amount).catch(ignore);
      if (held === undefined) return;
      const { reservationId } = held;
      return void (await usage.settle({ reservationId, tenantId, amount: one.part }));
    }
    case 'correct':
      return void (await usage.correct({ ...images, amount: -one.amount, ...by }).catch(ignore));
    case 'give':
      return void (await world.give(`g${n}`, one.count, later(one.days * DAY_MS)));
    case 'wait':
      return clock.set(later(one.hours * HOUR_MS));
    case 'reverse':
      return reverse(world, one);
  }
}

async function reverse(world: World, one: Extract<Step, { do: 'reverse' }>): Promise<void> {
  const ledger = await ledgerOf(world);
  const row = ledger[one.which % ledger.length]!;
  const extendTo = one.extends ? later(9 * DAY_MS) : undefined;
  const foreseen = await world.foresee(row.id, extendTo).catch(ignore);
  const books = await world.books();
  const done = await world.reverse(row.id, extendTo).catch(ignore);
  expect(done).toEqual(foreseen);
  if (done === undefined) return expect(await world.books()).toBe(books);
  expect([row.actor, row.reversed]).toEqual([null, false]);
  expect(done.before - done.after).toBe(row.amount);
  const sum = (of: 'micro' | 'lapsedMicro') => done.sources.reduce((all, one) => all + one[of], 0);
  expect(sum('micro')).toBeGreaterThanOrEqual(Number(row.taken));
  // Only its own draws: what an earlier correction took of these comes from others.
  if (one.extends && sum('micro') === Number(row.taken)) expect(sum('lapsedMicro')).toBe(0);
}

test('12.54 whatever was used, corrected and taken back: all books agree, each row goes back once and whole', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 25 }),
      fc.constantFrom(null, 96, 100_000),
      async (steps, capMinor) => {
        const world = await reversalWorld(database, capMinor);
        for (const [n, one] of steps.entries()) await take(world, one, n);
        for (const { reversed, taken } of await ledgerOf(world)) {
          if (reversed) expect(Number(taken)).toBe(0);
        }
        expect(await faults(database)).toEqual([]);
      },
    ),
    { numRuns: 30 },
  );
});
