import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeBuckets } from '../../../../../../tests/support/buckets.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { by, clock, credits, grantsWorld } from './grants-world.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await makeBuckets(database.url, 2);
});
afterAll(() => database.drop());
const world = () => grantsWorld(database);

describe('12.2 a grant', () => {
  test('50. is made once an origin and ref, for ever, and shows in what is left and in the history', async () => {
    const { tenantId, credits: service, give } = await world();
    const first = await give('a', 5);
    const again = await Promise.all([give('a', 5), give('a', 9)]);
    expect(first.isNew).toBe(true);
    expect(again.map(({ isNew, grant }) => [isNew, grant])).toEqual([
      [false, first.grant],
      [false, first.grant],
    ]);
    expect(await service.read(tenantId)).toMatchObject({
      balance: credits(5),
      held: 0,
      grants: [{ id: first.grant.id, state: 'active', left: credits(5), class: 'promotional' }],
      // 100 messages of the plan, and ten a credit.
      spendable: { messages: 150, images: 12, llm_tokens: 75_000, api_calls: 0 },
    });
    const { movements, nextCursor } = await service.readHistory(tenantId);
    expect(movements).toMatchObject([
      { seq: 1, kind: 'granted', micro: credits(5), balance: credits(5) },
    ]);
    expect(nextCursor).toBeNull();
    const { rows } = await database.pool.query(
      `select action, cause from audit_log where tenant_id = $1`,
      [tenantId],
    );
    expect(rows).toEqual([{ action: 'credits.granted', cause: 'a test' }]);
  });

  test('7. that begins later is not spendable and is shown from when', async () => {
    const { tenantId, credits: service, give } = await world();
    await give('later', 3, '2026-08-01T00:00:00Z', {
      effectiveAt: new Date('2026-06-01T00:00:00Z'),
    });
    expect(await service.read(tenantId)).toMatchObject({
      balance: 0,
      grants: [{ state: 'scheduled', effectiveAt: '2026-06-01T00:00:00.000Z' }],
      spendable: { messages: 100 },
    });
    clock.set('2026-06-01T00:00:00Z');
    expect(await service.read(tenantId)).toMatchObject({
      balance: credits(3),
      spendable: { messages: 130 },
    });
  });

  test('expires at its instant, to the microsecond, with no job', async () => {
    const { tenantId, credits: service, give } = await world();
    await give('a', 5, '2026-05-11T00:00:00Z');
    clock.set('2026-05-10T23:59:59.999Z');
    expect((await service.read(tenantId)).balance).toBe(credits(5));
    clock.set('2026-05-11T00:00:00Z');
    expect(await service.read(tenantId)).toMatchObject({
      balance: 0,
      grants: [{ state: 'expired', left: 0 }],
    });
    expect((await service.readHistory(tenantId)).movements).toMatchObject([
      { kind: 'expired', micro: -credits(5), balance: 0 },
      { kind: 'granted', micro: credits(5), balance: credits(5) },
    ]);
  });

  test('is listed in the order of drawing: by end, promotional first, by beginning', async () => {
    const { credits: service, tenantId, give } = await world();
    const end = '2026-09-01T00:00:00Z';
    await give('last', 1, '2026-12-01T00:00:00Z');
    await give('third', 2, end, { origin: 'purchase' });
    await give('second', 3, end, { effectiveAt: new Date('2026-05-02T00:00:00Z') });
    await give('first', 4, end, { effectiveAt: new Date('2026-05-01T00:00:00Z') });
    const { grants } = await service.read(tenantId);
    expect(grants.map(({ amount }) => amount / 1e6)).toEqual([4, 3, 2, 1]);
  });

  test.each([
    ['no amount', { amountMicro: 0 }, 'amountMicro must be whole'],
    ['half a microcredit', { amountMicro: 0.5 }, 'amountMicro must be whole'],
    ['more than there is', { amountMicro: 1e16 }, 'amountMicro must be whole'],
    ['an end before its beginning', { expiresAt: new Date(0) }, 'expiresAt must be after'],
    ['no instant', { expiresAt: new Date(Number.NaN) }, 'must be instants'],
    ['no reason', { reason: '  ' }, 'needs a reason'],
    ['no ref', { originRef: '' }, 'originRef must be text'],
    ['an unknown origin', { origin: 'luck' as 'goodwill' }, 'origin must be one of'],
    ['nobody', { tenantId: '5fc83b36-0000-4000-8000-000000000000' }, 'There is no tenant'],
    ['no id', { tenantId: 'x' }, 'There is no tenant'],
  ])('with %s is refused, and nothing changed', async (_what, wrong, sentence) => {
    const { tenantId, credits: service } = await world();
    const request = {
      ...{ tenantId, origin: 'goodwill' as const, originRef: 'a', amountMicro: 5, ...by },
      ...{ expiresAt: new Date('2027-01-01T00:00:00Z'), ...wrong },
    };
    await expect((async () => service.grant(request))()).rejects.toThrow(sentence);
    expect((await service.readHistory(tenantId)).movements).toEqual([]);
  });
});

describe('12.2 taking back', () => {
  test('49. revokes what is left, a repeat nothing more', async () => {
    const { tenantId, credits: service, give, states } = await world();
    const { grant } = await give('a', 5);
    const revoke = (ref: string, count?: number) =>
      service.revoke({
        ...{ tenantId, grantId: grant.id, ref, ...by },
        ...(count ? { micro: credits(count) } : {}),
      });
    expect(await revoke('r1', 2)).toEqual({
      ...{ revokedMicro: credits(2), pendingMicro: 0, shortfallMicro: 0, isNew: true },
    });
    expect(await revoke('r1', 2)).toMatchObject({ revokedMicro: credits(2), isNew: false });
    expect(await states()).toEqual([['active', 3]]);
    expect(await revoke('r2')).toMatchObject({
      ...{ revokedMicro: credits(3), shortfallMicro: credits(2) },
    });
    expect(await states()).toEqual([['revoked', 0]]);
    expect((await service.readHistory(tenantId)).movements).toMatchObject([
      { seq: 3, kind: 'revoked', micro: -credits(3), balance: 0 },
      { seq: 2, kind: 'revoked', micro: -credits(2), balance: credits(3) },
      { seq: 1, kind: 'granted' },
    ]);
    await expect(
      service.revoke({ tenantId, origin: 'purchase', originRef: 'a', ref: 'r3', ...by }),
    ).rejects.toMatchObject({ code: 'not_found' });
  });

  test('49. leaves what was used, and says who took it back and why', async () => {
    const { tenantId, usage, credits: service, give } = await world();
    const { grant } = await give('wrong', 5);
    await usage.trackUsage({ tenantId, resourceType: 'images', amount: 11 });
    expect(
      await service.revoke({
        ...{ tenantId, grantId: grant.id, ref: 'r', actor: by.actor, reason: 'the wrong team' },
      }),
    ).toMatchObject({ revokedMicro: credits(3), shortfallMicro: credits(2) });
    const { movements } = await service.readHistory(tenantId);
    expect(movements.map(({ kind, micro }) => [kind, micro / 1e6])).toEqual([
      ...[
        ['revoked', -3],
        ['grant', -2],
        ['granted', 5],
      ],
    ]);
    expect((await usage.getUsageStats(tenantId)).resources[2]).toMatchObject({
      used: 11,
      beyond: 1,
    });
    const { rows } = await database.pool.query(
      `select actor_id as who, cause, after from audit_log
       where tenant_id = $1 and action = 'credits.revoked'`,
      [tenantId],
    );
    expect(rows).toMatchObject([
      {
        ...{ who: 'test', cause: 'the wrong team' },
        after: { ref: 'r', revokedMicro: credits(3), shortfallMicro: credits(2) },
      },
    ]);
  });

  test('39. frozen credits cannot be drawn; unfrozen they live on for as long as they were', async () => {
    const { tenantId, credits: service, give, states } = await world();
    await give('a', 5, '2026-05-20T00:00:00Z', { origin: 'purchase' });
    const change = { tenantId, origin: 'purchase', originRef: 'a', ref: 'd1', ...by } as const;
    expect(await service.freeze(change)).toBe(true);
    expect(await service.freeze(change)).toBe(false);
    expect(await states()).toEqual([['frozen', 5]]);
    expect((await service.read(tenantId)).balance).toBe(0);
    clock.set('2026-05-25T12:00:00Z');
    expect(await states()).toEqual([['frozen', 5]]);
    expect(await service.unfreeze(change)).toBe(true);
    expect(await service.unfreeze(change)).toBe(false);
    expect(await service.read(tenantId)).toMatchObject({
      balance: credits(5),
      grants: [{ state: 'active', expiresAt: '2026-06-04T00:00:00.000Z' }],
    });
    await service.freeze({ ...change, ref: 'd2' });
    await service.unfreeze({ ...change, ref: 'd2', extendBy: 86_400_000 });
    expect((await service.read(tenantId)).grants[0]!.expiresAt).toBe('2026-06-05T00:00:00.000Z');
  });
});

test('12.2 what lapsed is not revived by a freeze, nor revoked', async () => {
  const { tenantId, credits: service, give } = await world();
  for (const ref of ['a', 'b']) await give(ref, 5, '2026-05-20T00:00:00Z');
  // Nobody has looked at them since they ended.
  clock.set('2026-06-20T00:00:00Z');
  const name = { tenantId, origin: 'goodwill', ...by } as const;
  await service.freeze({ ...name, originRef: 'a', ref: 'f' });
  await service.unfreeze({ ...name, originRef: 'a', ref: 'f', extendBy: 86_400_000 * 365 });
  expect(await service.revoke({ ...name, originRef: 'b', ref: 'r' })).toMatchObject({
    ...{ revokedMicro: 0, shortfallMicro: credits(5) },
  });
  expect(await service.read(tenantId)).toMatchObject({ balance: 0 });
  expect((await service.readHistory(tenantId)).movements.map(({ kind }) => kind)).toEqual([
    ...['expired', 'expired', 'granted', 'granted'],
  ]);
});

test('12.2 a ref that changed another grant is refused, and nothing changed', async () => {
  const { tenantId, credits: service, give, states } = await world();
  await give('a', 5);
  await give('b', 5);
  const name = { tenantId, origin: 'goodwill', ref: 'TICKET-1', ...by } as const;
  await service.revoke({ ...name, originRef: 'a' });
  await expect(service.revoke({ ...name, originRef: 'b' })).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringContaining('give this one a ref of its own') as string,
  });
  expect(await states()).toEqual([
    ['active', 5],
    ['revoked', 0],
  ]);
});
