import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inEveryBucket, schemaOf } from '../../../../../../tests/support/buckets.ts';
import {
  creditFaults,
  imbalances,
  meteredTenant,
} from '../../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import type { GrantOrigin } from '../../../../../domain/billing/credits.ts';
import { mailEndings } from '../../../mail/from-buckets/endings.ts';
import { syncEntitlement } from '../../routing/bucket-sync.ts';
import { HandClock, usageService } from '../../__tests__/service.ts';

let database: TestDatabase;
let usage: ReturnType<typeof usageService>;
const NOW = '2026-05-10T12:00:00Z';
const clock = new HandClock(NOW);
beforeAll(async () => {
  database = await createTestDatabase();
  usage = usageService(database, clock);
});
afterAll(async () => {
  expect(await imbalances(database.pool)).toEqual([]);
  expect(await creditFaults(database.pool)).toEqual([]);
  await usage?.stop();
  await database?.drop();
});

const by = { actor: { kind: 'service', name: 'test' }, reason: 'a test' } as const;
const HOUR_MS = 3_600_000;
const at = (hours: number) => new Date(Date.parse(NOW) + hours * HOUR_MS);

interface Given {
  origin?: GrantOrigin;
  originRef?: string;
  /** Credits, also parts of one. */
  amount?: number;
  fromHours?: number;
  endsInHours: number;
}

async function given(made: Given, tenantId?: string) {
  const { origin = 'goodwill', originRef = 'a', amount = 5, fromHours = 0, endsInHours } = made;
  const id = tenantId ?? (await meteredTenant(database.pool));
  const name = { tenantId: id, origin, originRef, ...by };
  const { grant } = await usage.credits.grant({
    ...{ ...name, amountMicro: amount * 1e6, effectiveAt: at(fromHours) },
    expiresAt: at(endsInHours),
  });
  return { tenantId: id, name, grant };
}

async function mailsOf(tenantId: string): Promise<unknown[]> {
  const { rows } = await database.pool.query<{ subject_id: string; data: object }>(
    `select subject_id, data from mail_outbox where tenant_id = $1 and kind = 'credits_ending'`,
    [tenantId],
  );
  return rows.map(({ subject_id: about, data }) => ({ about, ...data }));
}

/** The ends of which the owner was told, in order. */
async function endsOf(tenantId: string): Promise<Date[]> {
  const mails = (await mailsOf(tenantId)) as { expiresAt: string }[];
  return mails
    .map(({ expiresAt }) => new Date(expiresAt))
    .toSorted((a, b) => Number(a) - Number(b));
}

const WEEK = 7 * 24;

describe('12.3 credits end within seven days', () => {
  test.each<GrantOrigin>(['purchase', 'promotion', 'goodwill', 'migration'])(
    'the owner is told, once, whatever they were given for: %s',
    async (origin) => {
      clock.set(NOW);
      const originRef = `${origin}-1`;
      const { tenantId, grant } = await given({ origin, originRef, endsInHours: WEEK + 1 });
      await mailEndings(database, clock);
      expect(await mailsOf(tenantId)).toEqual([]);
      clock.set(at(1).toISOString());
      await Promise.all([mailEndings(database, clock), mailEndings(database, clock)]);
      await mailEndings(database, clock);
      expect(await mailsOf(tenantId)).toMatchObject([
        {
          about: origin === 'purchase' ? originRef : grant.id,
          ...{ credits: 5, expiresAt: at(WEEK + 1).toISOString() },
        },
      ]);
    },
  );

  test.each<[string, Given, (tenantId: string) => Promise<unknown>]>([
    ['begin only later', { fromHours: 2, endsInHours: 48 }, () => Promise.resolve()],
    ['are over', { endsInHours: 1 }, () => Promise.resolve()],
    ['are less than one', { amount: 0.9, endsInHours: 48 }, () => Promise.resolve()],
    [
      'are used',
      { amount: 4.5, endsInHours: 48 },
      // Ten of the quota, and two for two credits each.
      (tenantId) => use(tenantId, 12),
    ],
    [
      'are taken back',
      { endsInHours: 48 },
      (tenantId) =>
        usage.credits.revoke({ tenantId, origin: 'goodwill', originRef: 'a', ref: 'r', ...by }),
    ],
    [
      'are frozen',
      { endsInHours: 48 },
      (tenantId) =>
        usage.credits.freeze({ tenantId, origin: 'goodwill', originRef: 'a', ref: 'r', ...by }),
    ],
  ])('nobody is told of those that %s', async (_what, made, change) => {
    clock.set(NOW);
    const { tenantId } = await given(made);
    await change(tenantId);
    clock.set(at(1).toISOString());
    await mailEndings(database, clock);
    expect(await mailsOf(tenantId)).toEqual([]);
  });

  test('what is less than one credit is told of when more comes back', async () => {
    clock.set(NOW);
    const { tenantId } = await given({ amount: 4, endsInHours: 48 });
    await use(tenantId, 10);
    const { reservationId } = await usage.reserve({
      ...{ tenantId, resourceType: 'images', amount: 2, ttlSeconds: 60 },
    });
    await mailEndings(database, clock);
    expect(await mailsOf(tenantId)).toEqual([]);
    await usage.release({ reservationId });
    await mailEndings(database, clock);
    expect(await mailsOf(tenantId)).toMatchObject([{ credits: 4 }]);
  });

  test('the owner is told of an end that has moved: by a dispute that was won', async () => {
    clock.set(NOW);
    const { tenantId, name } = await given({
      origin: 'purchase',
      originRef: 'won',
      endsInHours: 48,
    });
    await mailEndings(database, clock);
    await usage.credits.freeze({ ...name, ref: 'dispute' });
    clock.set(at(24).toISOString());
    await usage.credits.unfreeze({ ...name, ref: 'dispute' });
    await mailEndings(database, clock);
    await mailEndings(database, clock);
    expect(await endsOf(tenantId)).toEqual([at(48), at(72)]);
    // One that is where it was is told of once.
    await usage.credits.freeze({ ...name, ref: 'again' });
    await usage.credits.unfreeze({ ...name, ref: 'again', extendBy: 0 });
    await mailEndings(database, clock);
    expect(await endsOf(tenantId)).toEqual([at(48), at(72)]);
  });

  test('the owner is told of an end that has moved: by a correction', async () => {
    clock.set(NOW);
    const { tenantId } = await given({ endsInHours: 24 });
    await use(tenantId, 11);
    await mailEndings(database, clock);
    const [row] = await inEveryBucket<{ id: string }>(
      database.pool,
      'select id from u00.usage where tenant_id = $1',
      [tenantId],
    );
    clock.set(at(25).toISOString());
    await usage.reversals.reverse({ tenantId, row: row!.id, extendTo: at(100), ...by });
    await mailEndings(database, clock);
    expect(await endsOf(tenantId)).toEqual([at(24), at(100)]);
  });

  test('many that end before keep nobody from being told', async () => {
    clock.set(NOW);
    const tenantId = await meteredTenant(database.pool);
    for (let n = 0; n < 125; n += 1) {
      await given({ originRef: `few-${n}`, amount: n < 20 ? 0.5 : 1, endsInHours: 3 }, tenantId);
    }
    const last = await given({ endsInHours: WEEK });
    await mailEndings(database, clock);
    expect(await mailsOf(tenantId)).toHaveLength(105);
    expect(await mailsOf(last.tenantId)).toHaveLength(1);
  });
});

const use = (tenantId: string, amount: number) =>
  usage.trackUsage({ tenantId, resourceType: 'images', amount });

test('12.3 credits of a team that is deleted are taken back, once; a hold’s when it comes back', async () => {
  clock.set(NOW);
  const { tenantId } = await given({ amount: 6, endsInHours: 48 });
  await given({ origin: 'purchase', originRef: 'p', endsInHours: 900 }, tenantId);
  await given({ originRef: 'later', fromHours: 24, endsInHours: 900 }, tenantId);
  const other = await given({ endsInHours: 900 });
  await use(tenantId, 11);
  const { reservationId } = await usage.reserve({
    ...{ tenantId, resourceType: 'images', amount: 1, ttlSeconds: 60 },
  });
  const change = async (set: string) => {
    await database.pool.query(
      `update tenants set ${set}, entitlement_version = entitlement_version + 1, updated_at = $2
       where id = $1`,
      [tenantId, clock.now()],
    );
    await syncEntitlement(database, tenantId);
  };
  await change('deleted_at = $2');
  const left = async () => {
    const rows = await inEveryBucket<{ revoked: boolean; left: string; held: string }>(
      database.pool,
      `select revoked_at is not null as revoked, left_micro as left, held_micro as held
       from u00.credit_grants where tenant_id = $1 order by expires_at, id`,
      [tenantId],
    );
    return rows.map((row) => [row.revoked, Number(row.left), Number(row.held)]);
  };
  const taken = async () =>
    (await usage.credits.readHistory(tenantId)).movements
      .filter(({ kind }) => kind === 'revoked')
      .reduce((sum, { micro }) => sum + micro, 0);
  const [drawn, held] = [2e6, 2e6];
  expect(await left()).toEqual([
    [true, 0, held],
    [true, 0, 0],
    [true, 0, 0],
  ]);
  expect(await taken()).toBe(-(16e6 - drawn - held));
  await usage.release({ reservationId });
  expect(await taken()).toBe(-(16e6 - drawn));
  // A plan that changes behind it takes nothing more, and nobody else is touched.
  await change(`plan = 'pro'`);
  expect(await taken()).toBe(-(16e6 - drawn));
  expect(await usage.credits.read(other.tenantId)).toMatchObject({ balance: 5e6 });
});

const [YESTERDAY, TOMORROW] = ['2026-05-09T12:00:00Z', '2026-05-11T12:00:00Z'];

test.each([
  ['ends a microsecond after it', YESTERDAY, '2026-05-10T12:00:00.000001Z', true],
  ['ends at it', YESTERDAY, '2026-05-10T12:00:00.000000Z', false],
  ['ends a microsecond before it', YESTERDAY, '2026-05-10T11:59:59.999999Z', false],
  ['begins a microsecond before it', '2026-05-10T11:59:59.999999Z', TOMORROW, true],
  ['begins at it', '2026-05-10T12:00:00.000000Z', TOMORROW, true],
  ['begins a microsecond after it', '2026-05-10T12:00:00.000001Z', TOMORROW, false],
])(
  '12.2 a grant serves a call by the microsecond (invariant 6): it %s',
  async (_what, from, until, serves) => {
    const tenantId = await meteredTenant(database.pool);
    const schema = await schemaOf(database.pool, tenantId);
    await database.pool.query(
      `select ${schema}.credit_grant($1, gen_random_uuid(), 'goodwill', 'a', 0::smallint, 2000000, $2, $3,
         'a', 'b', $4)`,
      [tenantId, from, until, YESTERDAY],
    );
    clock.set(NOW);
    const balance = serves ? 2e6 : 0;
    expect(await usage.credits.read(tenantId)).toMatchObject({
      balance,
      spendable: { images: serves ? 11 : 10 },
    });
    await use(tenantId, 10);
    if (serves) await use(tenantId, 1);
    else await expect(use(tenantId, 1)).rejects.toMatchObject({ code: 'quota_exceeded' });
  },
);
