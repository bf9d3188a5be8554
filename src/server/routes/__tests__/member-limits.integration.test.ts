import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditPage, MembersView, MemberView } from '../../../domain/api.ts';
import type { CreditsView } from '../../../domain/billing/credits.ts';
import type { QuoteView } from '../../../domain/billing/usage/quote.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';
import { idOf, PASSWORD, teamsOf, type Person } from '../../../../tests/support/team.ts';
import { memberFaults } from '../../../../tests/support/metered-tenant.ts';
import { BrowserSession } from '../../../../tests/support/browser-session.ts';
import { caller } from '../../../../tests/support/http.ts';

let server: TestServer;
let people: ReturnType<typeof teamsOf>;
beforeAll(async () => {
  server = await startTestServer();
  people = teamsOf(server);
});
afterAll(async () => {
  expect(await memberFaults(server.database.pool)).toEqual([]);
  await server.stop();
});

interface Refused {
  code: string;
  details: Record<string, unknown>;
}

const limit = async (by: Person, of: Person, limits: object) => {
  const { status, body } = await people.put(by, `/api/members/${idOf(of)}/limits`, limits);
  return { status, body: body as unknown as MemberView & Refused };
};
const draw = ({ call }: Person) => call.post<Refused>('/api/images', { prompt: 'a boat' });
const say = ({ call }: Person) => call.post<Refused>('/api/chat', { message: 'Hello' });
/** What their page says they can spend, and what their own limits leave of that. */
const shown = async ({ call }: Person) => {
  const { body } = await call.get<CreditsView>('/api/credits');
  const of = (name: 'images' | 'messages') => [body.spendable[name], body.memberLeft[name]];
  return { images: of('images'), messages: of('messages') };
};
const NONE = { llm_tokens: null, messages: null, images: null, api_calls: null };

describe('13 a monthly limit for a member', () => {
  test('refuses what passes it with 429 member_limit, which names whom to ask (failure case 58)', async () => {
    const owner = await people.owner('limits');
    const [admin, member] = [
      await people.join(owner, 'limits-admin', 'admin'),
      await people.join(owner, 'limits-member'),
    ];
    const { status, body } = await limit(owner, member, { images: 2, messages: 100 });
    expect([status, body.limits]).toEqual([200, { ...NONE, images: 2, messages: 100 }]);
    expect((await draw(member)).status).toBe(200);
    expect(await shown(member)).toEqual({ images: [1, 1], messages: [100, 100] });
    expect((await draw(member)).status).toBe(200);
    expect(await shown(member)).toEqual({ images: [0, 0], messages: [100, 100] });
    const refused = await draw(member);
    expect(refused).toMatchObject({
      status: 429,
      body: {
        code: 'member_limit',
        error: expect.stringContaining('Ask limits, limits-admin for more'),
        details: {
          ...{ resource: 'images', limit: 2, used: 2, held: 0, reason: 'member_limit' },
          ask: [
            { name: 'limits', email: owner.session.user.email, role: 'owner' },
            { name: 'limits-admin', email: admin.session.user.email, role: 'admin' },
          ],
          ...{ plans: [], packs: [] },
        },
      },
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(60);
    // Of the team's quota there is plenty.
    expect((await draw(owner)).status).toBe(200);
    // The admin raises it: the next one passes.
    expect((await limit(admin, member, { images: 3 })).body.limits).toEqual({ ...NONE, images: 3 });
    expect((await draw(member)).status).toBe(200);
    expect((await draw(member)).status).toBe(429);
  });

  test('shortens a chat’s answer at its end, and the quote with it', async () => {
    const owner = await people.owner('short');
    const member = await people.join(owner, 'short-member');
    await limit(owner, member, { llm_tokens: 200 });
    const quote = await member.call.post<QuoteView & Refused>('/api/usage/quote', {
      message: 'Hello',
    });
    expect(quote).toMatchObject({ status: 200, body: { units: 200, from: 'plan' } });
    expect((await say(member)).status).toBe(200);
    await expect
      .poll(async () => (await usedBy(owner, member))?.llm_tokens ?? 0)
      .toBeGreaterThan(0);
    await limit(owner, member, { llm_tokens: 20 });
    const dear = { status: 429, body: { code: 'member_limit' } };
    expect(await say(member)).toMatchObject(dear);
    const asked = await member.call.post('/api/usage/quote', { message: 'Hello' });
    expect(asked).toMatchObject(dear);
    await limit(owner, member, { messages: 0 });
    expect(await say(member)).toMatchObject({
      ...dear,
      body: { details: { resource: 'messages' } },
    });
  });

  test('10.4 a moment’s wait is told as one, where only the member’s own work is in the way', async () => {
    const owner = await people.owner('wait');
    const member = await people.join(owner, 'wait-member');
    await limit(owner, member, { messages: 1 });
    const { usage } = server.context.services;
    const { reservationId } = await usage.reserve({
      ...{ tenantId: owner.session.tenant.id, resourceType: 'messages', amount: 1 },
      ...{ ttlSeconds: 60, metadata: { userId: idOf(member) } },
    });
    const refused = await say(member);
    expect(refused).toMatchObject({
      status: 429,
      body: {
        code: 'member_limit',
        details: { reason: 'in_progress', resource: 'messages', used: 0, held: 1, limit: 1 },
      },
    });
    expect(Number(refused.headers.get('retry-after'))).toBeLessThan(10);
    await usage.release({ reservationId });
    expect((await say(member)).status).toBe(200);
  });

  test('counts what the member’s API keys do, the calls themselves too', async () => {
    const owner = await people.owner('keys', 'team');
    const member = await people.join(owner, 'keys-member', 'admin');
    const made = await member.call.post<{ key: string }>('/api/api-keys', { name: 'bot' });
    const byKey = caller(server.url, made.body.key);
    await limit(owner, member, { messages: 1, api_calls: 3 });
    const chat = () => byKey.post<Refused>('/api/chat', { message: 'Hello' });
    expect((await chat()).status).toBe(200);
    expect(await chat()).toMatchObject({ status: 429, body: { code: 'member_limit' } });
    await chat();
    expect(await chat()).toMatchObject({
      status: 429,
      body: { code: 'member_limit', details: { resource: 'api_calls' } },
    });
  });

  test('is seen by the team, and stands in the audit log', async () => {
    const owner = await people.owner('seen');
    const member = await people.join(owner, 'seen-member');
    await limit(owner, member, { messages: 5 });
    await limit(owner, member, {});
    const { body } = await owner.call.get<MembersView>('/api/members');
    expect(body.members.map(({ limits }) => limits)).toEqual([NONE, NONE]);
    const { entries } = (await owner.call.get<AuditPage>('/api/tenant/audit')).body;
    const changes = entries.filter(({ action }) => action === 'member.limits_changed');
    expect(changes.map(({ subject, before, after }) => ({ subject, before, after }))).toEqual([
      { subject: 'seen-member', before: { ...NONE, messages: 5 }, after: NONE },
      { subject: 'seen-member', before: NONE, after: { ...NONE, messages: 5 } },
    ]);
  });

  test('goes with the member; what they hold settles all the same (failure case 57)', async () => {
    const owner = await people.owner('leaver');
    const member = await people.join(owner, 'leaver-member');
    const other = await people.join(owner, 'leaver-other');
    const tenantId = owner.session.tenant.id;
    await limit(owner, member, { images: 2 });
    // Members' use is counted on, for somebody else still has a limit.
    await limit(owner, other, { images: 5 });
    const { usage } = server.context.services;
    const hold = async () => {
      const { reservationId } = await usage.reserve({
        ...{ tenantId, resourceType: 'images', amount: 1, ttlSeconds: 60 },
        metadata: { userId: idOf(member) },
      });
      return reservationId;
    };
    const [first, second] = [await hold(), await hold()];
    expect((await owner.call.delete(`/api/members/${idOf(member)}`)).status).toBe(204);
    expect(await usage.memberLimits.list(tenantId)).toMatchObject([{ memberId: idOf(other) }]);
    await usage.settle({ reservationId: first, amount: 1 });
    const { parts } = await usage.breakDown({ tenantId, by: 'member' });
    expect(parts).toMatchObject([{ id: idOf(member), used: { images: 1 } }]);
    const token = await new BrowserSession(server.url).signIn(member.session.user.email, PASSWORD);
    const back = await people.admit(owner, { ...member, call: caller(server.url, token) });
    expect((await draw(back)).status).toBe(200);
    // A limit that they get again counts what they used before, and what is still held.
    await limit(owner, back, { images: 3 });
    expect(await draw(back)).toMatchObject({ status: 429, body: { code: 'member_limit' } });
    await usage.settle({ reservationId: second, amount: 1 });
    expect(await draw(back)).toMatchObject({ status: 429, body: { code: 'member_limit' } });
    await limit(owner, back, { images: 4 });
    expect((await draw(back)).status).toBe(200);
    expect((await draw(back)).status).toBe(429);
    expect((await draw(other)).status).toBe(200);
  });

  test('is for owners and admins, of those whom they manage', async () => {
    const owner = await people.owner('who');
    const admin = await people.join(owner, 'who-admin', 'admin');
    const member = await people.join(owner, 'who-member');
    const stranger = await people.owner('who-else');
    const forbidden = { status: 403, body: { code: 'team_role_required' } };
    expect(await limit(member, member, { images: 1 })).toMatchObject(forbidden);
    expect(await limit(admin, owner, { images: 1 })).toMatchObject(forbidden);
    expect(await limit(stranger, member, { images: 1 })).toMatchObject({ status: 404 });
    expect((await limit(admin, member, { images: 1 })).status).toBe(200);
  });

  test.each<[string, object]>([
    ['below 0', { images: -1 }],
    ['a fraction', { images: 1.5 }],
    ['absurdly large', { images: 1e15 }],
    ['words', { images: 'many' }],
    ['of what nobody knows', { credits: 1 }],
  ])('%s is refused', async (what, limits) => {
    const owner = await people.owner(`odd-${what.replaceAll(' ', '-')}`);
    expect(await limit(owner, owner, limits)).toMatchObject({
      ...{ status: 400, body: { code: 'invalid_request' } },
    });
  });
});

async function usedBy(reader: Person, of: Person) {
  const { body } = await reader.call.get<MembersView>('/api/members');
  return body.members.find(({ id }) => id === idOf(of))?.usage;
}
