import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  imbalances,
  memberFaults,
  meteredTenant,
} from '../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../tests/support/test-database.ts';
import type { MemberLimits } from '../../../../domain/billing/usage/member-limits.ts';
import type { BillingError } from '../../../../domain/errors.ts';
import { HandClock, usageService } from './service.ts';

let database: TestDatabase;
beforeAll(async () => void (database = await createTestDatabase()));
afterAll(() => database.drop());
afterEach(async () => {
  expect(await imbalances(database.pool)).toEqual([]);
  expect(await memberFaults(database.pool)).toEqual([]);
});

const NOW = '2026-05-10T12:00:00Z';
const clock = new HandClock(NOW);
const service = () => usageService(database, clock);
const usage = () => (running ??= service());
let running: ReturnType<typeof service> | undefined;

const limit = (tenantId: string, memberId: string, limits: MemberLimits) =>
  database.db.transaction((tx) => usage().memberLimits.set(tx, { tenantId, memberId, limits }));

const use = (tenantId: string, memberId: string, amount: number, more: object = {}) =>
  usage().trackUsage({
    ...{ tenantId, resourceType: 'messages', amount, metadata: { userId: memberId } },
    ...more,
  });
const hold = (tenantId: string, memberId: string, amount: number, ttlSeconds = 60) =>
  usage().reserve({
    ...{ tenantId, resourceType: 'messages', amount, ttlSeconds },
    metadata: { userId: memberId },
  });
const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'accepted',
    ({ code, data }: BillingError) => `${code} ${String(data['reason'])}`,
  );

describe('13 a member’s limit', () => {
  test('30 calls at once on 10 that are left: exactly 10 pass, and others are not touched by it', async () => {
    const tenantId = await meteredTenant(database.pool);
    const [ada, bob] = [randomUUID(), randomUUID()];
    await limit(tenantId, ada, { messages: 15 });
    await use(tenantId, ada, 5);
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) => codeOf(use(tenantId, n % 2 ? ada : bob, 1))),
    );
    const refused = answers.filter((answer) => answer === 'member_limit member_limit');
    expect([refused.length, answers.filter((one) => one === 'accepted').length]).toEqual([20, 40]);
    expect(await usage().memberLimits.list(tenantId)).toEqual([
      { memberId: ada, resourceType: 'messages', limit: 15, used: 15, held: 0 },
    ]);
  });

  test('counts what was used and held before it was said, and holds at once when it changes', async () => {
    const tenantId = await meteredTenant(database.pool);
    const ada = randomUUID();
    await use(tenantId, ada, 4);
    const { reservationId } = await hold(tenantId, ada, 3);
    await limit(tenantId, ada, { messages: 8 });
    expect(await usage().memberLimits.list(tenantId, ada)).toMatchObject([{ used: 4, held: 3 }]);
    expect(await codeOf(use(tenantId, ada, 2))).toBe('member_limit in_progress');
    expect(await codeOf(use(tenantId, ada, 5))).toBe('member_limit member_limit');
    expect(await codeOf(use(tenantId, ada, 1))).toBe('accepted');
    await limit(tenantId, ada, { messages: 2 });
    // Below what is used: nothing is taken back, and the hold settles in full.
    await usage().settle({ reservationId, amount: 3, metadata: { userId: ada } });
    expect(await usage().memberLimits.list(tenantId, ada)).toMatchObject([{ used: 8, held: 0 }]);
    expect(await codeOf(use(tenantId, ada, 1))).toBe('member_limit member_limit');
    await limit(tenantId, ada, { messages: 9 });
    expect(await codeOf(use(tenantId, ada, 1))).toBe('accepted');
    await limit(tenantId, ada, {});
    expect(await codeOf(use(tenantId, ada, 20))).toBe('accepted');
    expect(await usage().memberLimits.list(tenantId)).toEqual([]);
  });

  test('of 0 is none at all, of one resource alone, and begins anew with the month', async () => {
    const tenantId = await meteredTenant(database.pool);
    const ada = randomUUID();
    await limit(tenantId, ada, { messages: 0, images: 2 });
    expect(await codeOf(use(tenantId, ada, 1))).toBe('member_limit member_limit');
    expect(await codeOf(use(tenantId, ada, 2, { resourceType: 'images' }))).toBe('accepted');
    expect(await codeOf(use(tenantId, ada, 1, { resourceType: 'images' }))).toMatch(
      /^member_limit/,
    );
    expect(await codeOf(use(tenantId, ada, 9, { resourceType: 'llm_tokens' }))).toBe('accepted');
    clock.set('2026-06-01T00:00:01Z');
    expect(await codeOf(use(tenantId, ada, 2, { resourceType: 'images' }))).toBe('accepted');
    expect(await codeOf(use(tenantId, ada, 1, { resourceType: 'images' }))).toMatch(
      /^member_limit/,
    );
    // Work of the month before still counts there.
    const occurredAt = '2026-05-31T23:59:00Z';
    const late = { resourceType: 'images', occurredAt };
    expect(await codeOf(use(tenantId, ada, 1, late))).toMatch(/^member_limit/);
    clock.set(NOW);
  });

  test('a refused call takes nothing and no key: the same key passes when the limit has risen', async () => {
    const tenantId = await meteredTenant(database.pool);
    const ada = randomUUID();
    await limit(tenantId, ada, { messages: 1 });
    const keyed = { idempotencyKey: randomUUID() };
    expect(await codeOf(use(tenantId, ada, 2, keyed))).toMatch(/^member_limit/);
    expect(await codeOf(use(tenantId, ada, 2, keyed))).toMatch(/^member_limit/);
    await limit(tenantId, ada, { messages: 2 });
    expect(await codeOf(use(tenantId, ada, 2, keyed))).toBe('accepted');
    expect(await use(tenantId, ada, 2, keyed)).toMatchObject({ status: 'duplicate' });
    expect(await codeOf(use(tenantId, ada, 3, keyed))).toMatch(/^idempotency_conflict/);
    expect(await usage().memberLimits.list(tenantId)).toMatchObject([{ used: 2 }]);
  });

  test('what is recorded whatever is left counts for the member too', async () => {
    const tenantId = await meteredTenant(database.pool);
    const ada = randomUUID();
    await limit(tenantId, ada, { messages: 3 });
    expect(await codeOf(use(tenantId, ada, 5, { enforce: false }))).toBe('accepted');
    expect(await usage().memberLimits.list(tenantId)).toMatchObject([{ used: 5 }]);
  });

  test('holds past their time keep their member out no longer; begun work counts', async () => {
    const tenantId = await meteredTenant(database.pool);
    const ada = randomUUID();
    await limit(tenantId, ada, { messages: 10 });
    await hold(tenantId, ada, 4, 1);
    const begun = await hold(tenantId, ada, 6, 1);
    await usage().begin({ reservationId: begun.reservationId, amount: 2 });
    expect(await codeOf(use(tenantId, ada, 1))).toBe('member_limit in_progress');
    clock.set('2026-05-10T12:01:00Z');
    expect(await codeOf(use(tenantId, ada, 8))).toBe('accepted');
    expect(await usage().memberLimits.list(tenantId)).toMatchObject([{ used: 10, held: 0 }]);
    // Settled late by what it really was.
    await usage().settle({ ...begun, amount: 5, metadata: { userId: ada } });
    expect(await usage().memberLimits.list(tenantId)).toMatchObject([{ used: 13, held: 0 }]);
    clock.set(NOW);
  });

  test('calls at once find the room that holds past their time leave, each member its own', async () => {
    const tenantId = await meteredTenant(database.pool);
    const members = [randomUUID(), randomUUID(), randomUUID()] as const;
    for (const member of members) {
      await limit(tenantId, member, { messages: 10 });
      await hold(tenantId, member, 6, 1);
    }
    clock.set('2026-05-10T12:01:00Z');
    const calls = [4, 3, 3, 1].flatMap((units) =>
      members.map((member) => [member, units] as const),
    );
    const answers = await Promise.all(
      calls.map(([member, units]) => codeOf(use(tenantId, member, units))),
    );
    const [taken, refused] = ['accepted', 'member_limit member_limit'];
    expect(answers).toEqual([taken, taken, taken, refused].flatMap((one) => [one, one, one]));
    expect(await usage().memberLimits.list(tenantId)).toMatchObject(
      members.map(() => ({ used: 10, held: 0 })),
    );
    clock.set(NOW);
  });

  test('the tenant’s own quota is met before, and then says so', async () => {
    const tenantId = await meteredTenant(database.pool);
    const [ada, bob] = [randomUUID(), randomUUID()];
    await limit(tenantId, ada, { messages: 50 });
    await use(tenantId, bob, 98);
    expect(await codeOf(use(tenantId, ada, 3))).toBe('quota_exceeded quota');
    expect(await codeOf(use(tenantId, ada, 2))).toBe('accepted');
  });
});

type Taken = { what: 'use' | 'hold'; who: number; amount: number };
type Step =
  // At once, so most of them are one batch.
  | { what: 'take'; calls: Taken[] }
  | { what: 'settle'; which: number; amount: number }
  | { what: 'release'; which: number; amount: number }
  | { what: 'limit'; who: number; limit: number | null };

const amount = fc.integer({ min: 1, max: 30 });
const who = fc.nat(2);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    what: fc.constant('take' as const),
    calls: fc.array(
      fc.record({ what: fc.constantFrom('use' as const, 'hold' as const), who, amount }),
      { minLength: 1, maxLength: 8 },
    ),
  }),
  fc.record({ what: fc.constant('settle' as const), which: fc.nat(5), amount }),
  fc.record({ what: fc.constant('release' as const), which: fc.nat(5), amount }),
  fc.record({
    what: fc.constant('limit' as const),
    who: fc.nat(1),
    limit: fc.option(fc.nat(60)),
  }),
);

/** The rules, plainly: 100 messages for the tenant, and what each of two members may use; a third has none. */
class Plain {
  readonly limits: (number | null)[] = [null, null, null];
  readonly members = [0, 0, 0].map(() => ({ used: 0, held: 0 }));

  /** What their own limit leaves; null without one. */
  own(who: number): number | null {
    const [limit, { used, held }] = [this.limits[who]!, this.members[who]!];
    return limit === null ? null : Math.max(0, limit - used - held);
  }

  get left(): number {
    const all = this.members.reduce((sum, { used, held }) => sum + used + held, 0);
    return Math.max(0, 100 - all);
  }

  answer(who: number, amount: number): string {
    if (amount > (this.own(who) ?? Infinity)) return 'member_limit';
    return amount > this.left ? 'quota_exceeded' : 'accepted';
  }
}

test('13 member used ≤ member limit, Σ members = tenant, and each is shown what they can spend, whatever happens (invariants 10, 25)', async () => {
  const runs = Number(process.env['MEMBER_RUNS'] ?? 8);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
      const tenantId = await meteredTenant(database.pool);
      const ids: string[] = [randomUUID(), randomUUID(), randomUUID()];
      const plain = new Plain();
      const open: { id: string; who: number; amount: number }[] = [];
      for (const one of steps) {
        if (one.what === 'limit') {
          plain.limits[one.who] = one.limit;
          await limit(tenantId, ids[one.who]!, one.limit === null ? {} : { messages: one.limit });
        } else if (one.what === 'take') {
          const made = one.calls.map((call) => {
            const wanted = plain.answer(call.who, call.amount);
            if (wanted === 'accepted') {
              plain.members[call.who]![call.what === 'use' ? 'used' : 'held'] += call.amount;
            }
            const take = call.what === 'use' ? use : hold;
            return { call, wanted, answer: take(tenantId, ids[call.who]!, call.amount) };
          });
          await Promise.allSettled(made.map(({ answer }) => answer));
          for (const { call, wanted, answer } of made) {
            expect((await codeOf(answer)).split(' ')[0]).toBe(wanted);
            if (wanted !== 'accepted' || call.what === 'use') continue;
            const { reservationId } = (await answer) as { reservationId: string };
            open.push({ id: reservationId, who: call.who, amount: call.amount });
          }
        } else {
          const [ended] = open.splice(one.which % Math.max(1, open.length), 1);
          if (!ended) continue;
          const own = plain.members[ended.who]!;
          own.held -= ended.amount;
          if (one.what === 'release') await usage().release({ reservationId: ended.id });
          else {
            own.used += one.amount;
            await usage().settle({ reservationId: ended.id, amount: one.amount });
          }
        }
      }
      for (const [at, id] of ids.entries()) {
        const { spendable, memberLeft } = await usage().credits.read(tenantId, id);
        const own = plain.own(at);
        expect([spendable.messages, memberLeft.messages]).toEqual([
          Math.min(plain.left, own ?? Infinity),
          own,
        ]);
        expect(await codeOf(use(tenantId, id, spendable.messages! + 1))).not.toBe('accepted');
      }
      expect((await usage().credits.read(tenantId)).spendable.messages).toBe(plain.left);
      const rooms = await usage().memberLimits.list(tenantId);
      for (const room of rooms) {
        const at = ids.indexOf(room.memberId);
        expect(room).toMatchObject({ ...plain.members[at]!, limit: plain.limits[at] });
      }
      expect(rooms.length).toBe(plain.limits.filter((one) => one !== null).length);
      const stats = await usage().getUsageStats(tenantId);
      const messages = stats.resources.find(({ resourceType }) => resourceType === 'messages')!;
      const all = (of: 'used' | 'held') => plain.members.reduce((sum, one) => sum + one[of], 0);
      expect([messages.used, messages.held]).toEqual([all('used'), all('held')]);
      const { spendable } = await usage().credits.read(tenantId, ids[0]);
      if (spendable.messages === 0) return;
      expect(await codeOf(use(tenantId, ids[0]!, spendable.messages!))).toBe('accepted');
    }),
    { numRuns: runs },
  );
});
