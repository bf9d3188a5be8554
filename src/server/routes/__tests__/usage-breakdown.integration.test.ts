import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TenantId, UserId } from '../../../domain/ids.ts';
import { RESOURCE_TYPES, type ResourceType } from '../../../domain/quota.ts';
import {
  BREAKDOWNS,
  type BreakdownBy,
  type UsageBreakdown,
} from '../../../domain/billing/usage/breakdown.ts';
import { inEveryBucket } from '../../../../tests/support/buckets.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';
import { schemaOf } from '../../../../tests/support/buckets.ts';
import { putOnPaidPlan } from '../../../../tests/support/metering.ts';
import { idOf, teamsOf, type Person } from '../../../../tests/support/team.ts';
import { HandClock } from '../../services/usage/__tests__/service.ts';

let server: TestServer;
let people: ReturnType<typeof teamsOf>;
const clock = new HandClock('2026-05-10T12:00:00Z');

beforeAll(async () => {
  server = await startTestServer({ clock });
  people = teamsOf(server);
});
afterAll(() => server.stop());

const tenantOf = ({ session }: Person) => session.tenant.id;
const usage = () => server.context.services.usage;

async function breakdown(reader: Person, by: string, period = ''): Promise<UsageBreakdown> {
  const { status, body } = await reader.call.get<UsageBreakdown>(
    `/api/subscription/usage/breakdown?by=${by}${period && `&period=${period}`}`,
  );
  expect(status).toBe(200);
  return body;
}

/** Records an event of another service. */
async function record(tenantId: string, event: object): Promise<void> {
  const [result] = await usage().ingestBatch([
    { tenantId, idempotencyKey: randomUUID(), enforce: false, ...event },
  ]);
  expect(result).toMatchObject({ status: 'recorded' });
}

const grant = (tenantId: string, credits: number) =>
  usage().credits.grant({
    ...{ tenantId, origin: 'goodwill', originRef: randomUUID(), reason: 'a test' },
    amountMicro: credits * 1_000_000,
    expiresAt: new Date('2026-08-01T00:00:00Z'),
    actor: { kind: 'service', name: 'test' },
  });

describe('12.6 usage by member, model, character and day', () => {
  test('names people and characters, and what nobody is named for comes last', async () => {
    const owner = await people.owner('split');
    const member = await people.join(owner, 'split-member');
    const tenantId = tenantOf(owner);
    const { body: character } = await owner.call.post<{ id: string }>('/api/characters', {
      ...{ name: 'Keeper of the Lamp', description: 'Keeps it.', greeting: 'Mind the step.' },
      shared: false,
    });
    const characterId = character.id;
    await record(tenantId, { resourceType: 'messages', amount: 2, memberId: idOf(member) });
    await record(tenantId, {
      ...{ resourceType: 'llm_tokens', raw: { input: 5, output: 4 }, model: 'small' },
      ...{ memberId: idOf(owner), characterId },
    });
    await record(tenantId, { resourceType: 'images', amount: 1 });
    clock.set('2026-05-11T12:00:00Z');
    await record(tenantId, { resourceType: 'images', amount: 3, model: 'painter' });

    const none = { llm_tokens: 0, messages: 0, images: 0, api_calls: 0 };
    expect(await breakdown(owner, 'member')).toEqual({
      ...{ period: '2026-05', by: 'member', othersTogether: false },
      parts: [
        { id: idOf(owner), name: 'split', used: { ...none, llm_tokens: 9 }, credits: 0 },
        { id: idOf(member), name: 'split-member', used: { ...none, messages: 2 }, credits: 0 },
        { id: null, name: null, used: { ...none, images: 4 }, credits: 0 },
      ],
      total: { used: { ...none, llm_tokens: 9, messages: 2, images: 4 }, credits: 0 },
    });
    const parts = async (by: string) =>
      (await breakdown(member, by)).parts.map(({ id, name, used }) => [id, name, used.images]);
    expect(await parts('model')).toEqual([
      ['small', 'small', 0],
      ['painter', 'painter', 3],
      [null, null, 1],
    ]);
    expect(await parts('character')).toEqual([
      [characterId, 'Keeper of the Lamp', 0],
      [null, null, 4],
    ]);
    expect(await parts('day')).toEqual([
      ['2026-05-10', '2026-05-10', 1],
      ['2026-05-11', '2026-05-11', 3],
    ]);
  });

  test('a member sees their own part and the others together', async () => {
    const owner = await people.owner('apart');
    const [one, other] = [await people.join(owner, 'one'), await people.join(owner, 'other')];
    const tenantId = tenantOf(owner);
    for (const [who, amount] of [
      [owner, 1],
      [one, 2],
      [other, 4],
    ] as const) {
      await record(tenantId, { resourceType: 'images', amount, memberId: idOf(who) });
    }
    const seen = await breakdown(one, 'member');
    expect(seen.othersTogether).toBe(true);
    expect(seen.parts.map(({ id, name, used }) => [id, name, used.images])).toEqual([
      [idOf(one), 'one', 2],
      [null, null, 5],
    ]);
    expect(JSON.stringify(seen)).not.toContain(idOf(other));
    expect(seen.total.used.images).toBe(7);
  });

  test('has other months, of which nothing is known when they are archived', async () => {
    const owner = await people.owner('older');
    const tenantId = tenantOf(owner);
    const occurredAt = '2026-04-20T10:00:00Z';
    await record(tenantId, { resourceType: 'images', amount: 3, occurredAt });
    expect((await breakdown(owner, 'day', '2026-04')).parts).toMatchObject([
      { id: '2026-04-20', used: { images: 3 } },
    ]);
    const empty = await breakdown(owner, 'model', '2026-03');
    expect([empty.parts, empty.total.used.images]).toEqual([[], 0]);
    await server.database.pool.query(
      `insert into u00.usage_archives values ('2025-12', 'x', 'x', 0, now())`,
    );
    const gone = await owner.call.get('/api/subscription/usage/breakdown?by=day&period=2025-12');
    expect(gone).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  test('what cannot be added up while somebody waits is said, and when to come again', async () => {
    const owner = await people.owner('many');
    await record(tenantOf(owner), { resourceType: 'images', amount: 3 });
    const path = '/api/subscription/usage/breakdown?by=model&period=2026-05';
    // As a month that is too long: the sum does not come to its end in time.
    const client = await server.database.pool.connect();
    try {
      await client.query('begin');
      const u = await schemaOf(server.database.pool, tenantOf(owner));
      await client.query(`lock table ${u}.credit_draws in access exclusive mode`);
      const answer = await owner.call.get<{ error: string }>(path);
      expect(answer).toMatchObject({ status: 503, body: { code: 'busy' } });
      expect(answer.headers.get('retry-after')).toBe('60');
      expect(answer.body.error).toBe(
        '2026-05 has too many entries to be added up here: download it as a file.',
      );
    } finally {
      await client.query('rollback');
      client.release();
    }
    expect((await owner.call.get(path)).status).toBe(200);
  });

  test.each<[string, string, string]>([
    ['nothing said', '', 'invalid_request'],
    ['by what nobody knows', '?by=weather', 'invalid_request'],
    ['a month that is none', '?by=day&period=2026-13', 'invalid_period'],
  ])('%s is refused', async (_case, query, code) => {
    const owner = await people.owner(`odd-${code}-${query.length}`);
    const answer = await owner.call.get(`/api/subscription/usage/breakdown${query}`);
    expect(answer).toMatchObject({ status: 400, body: { code } });
  });
});

/** One thing that happens to a tenant's usage. */
type Happening =
  | { what: 'use'; resource: ResourceType; amount: number; who: number; model: number; day: number }
  | { what: 'correct'; resource: ResourceType; amount: number }
  | { what: 'reset'; resource: ResourceType }
  | { what: 'grant'; credits: number }
  | { what: 'agree'; capMinor: number };

const resource = fc.constantFrom<ResourceType>('llm_tokens', 'messages', 'images');
const happening = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      what: fc.constant('use' as const),
      resource,
      amount: fc.integer({ min: 1, max: 60_000 }),
      who: fc.nat(3),
      model: fc.nat(2),
      day: fc.integer({ min: 1, max: 10 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('correct' as const),
      resource,
      amount: fc.integer({ min: -40_000, max: 500 }).filter((n) => n !== 0),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('reset' as const), resource }) },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('grant' as const),
      credits: fc.integer({ min: 1, max: 20 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('agree' as const),
      capMinor: fc.integer({ min: 1_000, max: 10_000 }),
    }),
  },
);

const ids = Array.from({ length: 3 }, () => randomUUID());

async function happen(tenantId: string, one: Happening): Promise<void> {
  const by = { actor: { kind: 'service' as const, name: 'test' }, reason: 'a test' };
  switch (one.what) {
    case 'use':
      return record(tenantId, {
        ...{ resourceType: one.resource, amount: one.amount },
        ...(one.who < 3 ? { memberId: ids[one.who], characterId: ids[2 - one.who] } : {}),
        ...(one.model < 2 ? { model: `m${one.model}` } : {}),
        occurredAt: `2026-05-${String(one.day).padStart(2, '0')}T08:00:00Z`,
      });
    case 'correct':
      await usage()
        .correct({ tenantId, resourceType: one.resource, amount: one.amount, ...by })
        .catch((error: { code?: string }) => expect(error.code).toBe('invalid_request'));
      return;
    case 'reset':
      await usage().resetUsage({ tenantId, resourceType: one.resource, ...by });
      return;
    case 'grant':
      await grant(tenantId, one.credits);
      return;
    case 'agree':
      await agree(tenantId, one.capMinor);
  }
}

/** Of use beyond the quota that no grant pays, so much may be billed. */
async function agree(tenantId: string, capMinor: number): Promise<void> {
  const { price } = (await usage().credits.readLimits(tenantId)).overage;
  await usage().credits.setLimits(
    { tenantId: tenantId as TenantId, userId: ids[0] as UserId, role: 'owner', requestId: 'r' },
    { enabled: true, capMinor, consent: price! },
  );
}

test('12.6 by member = by model = by character = by day = totals, whatever happened (invariant 22)', async () => {
  const runs = Number(process.env['BREAKDOWN_RUNS'] ?? 6);
  const sum = (found: UsageBreakdown, of: (part: UsageBreakdown['total']) => number) =>
    found.parts.reduce((total, part) => total + of(part), 0);
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 3, maxLength: 14 }), async (story) => {
      const { session } = await server.signUp();
      const tenantId = session.tenant.id;
      await putOnPaidPlan(server.database, tenantId, 'pro');
      await agree(tenantId, 5_000);
      for (const one of story) await happen(tenantId, one);
      const stats = await usage().getUsageStats(tenantId);
      const credits = await drawn(tenantId);
      for (const by of BREAKDOWNS satisfies readonly BreakdownBy[]) {
        for (const only of [undefined, ids[0]]) {
          const found = await usage().breakDown({ tenantId, by, only });
          for (const one of RESOURCE_TYPES) {
            const used = stats.resources.find(({ resourceType }) => resourceType === one)!.used;
            expect([by, sum(found, (part) => part.used[one])]).toEqual([by, used]);
            expect(found.total.used[one]).toBe(used);
          }
          expect(sum(found, (part) => Math.round(part.credits * 1e6))).toBe(credits);
          expect(Math.round(found.total.credits * 1e6)).toBe(credits);
        }
      }
    }),
    { numRuns: runs },
  );
});

/** µcr that were taken of grants and beside them and not given back, by the history that the tenant is shown. */
async function drawn(tenantId: string): Promise<number> {
  const rows = await inEveryBucket<{ micro: string }>(
    server.database.pool,
    `select coalesce(sum(micro), 0) as micro from u00.credit_draws
     where tenant_id = $1 and kind in ('grant', 'overage')`,
    [tenantId],
  );
  return rows.reduce((sum, { micro }) => sum + Number(micro), 0);
}

test('12.6 what somebody used beyond the quota is theirs in credits too', async () => {
  const owner = await people.owner('beyond');
  const member = await people.join(owner, 'beyond-member');
  const tenantId = tenantOf(owner);
  await grant(tenantId, 100);
  const { limit } = (await usage().getUsageStats(tenantId)).resources.find(
    ({ resourceType }) => resourceType === 'images',
  )!;
  await record(tenantId, { resourceType: 'images', amount: limit! - 1, memberId: idOf(owner) });
  await record(tenantId, { resourceType: 'images', amount: 3, memberId: idOf(member) });
  await record(tenantId, { resourceType: 'images', amount: 1, memberId: idOf(owner) });
  const { parts, total } = await breakdown(owner, 'member');
  expect(parts.map(({ name, credits }) => [name, credits])).toEqual([
    ['beyond-member', 4],
    ['beyond', 2],
  ]);
  expect(total.credits).toBe(6);
});
