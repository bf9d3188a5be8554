import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { caller } from '../../../../tests/support/http.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';
import { teamsOf, type Person } from '../../../../tests/support/team.ts';
import type { CreditHistoryView, CreditsView } from '../../../domain/billing/credits.ts';
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
const credits = (count: number) => count * 1_000_000;

/** Gives credits and draws some of them: the plan's pictures are used before. */
async function granted(person: Person, count: number, pictures: number): Promise<void> {
  const { usage } = server.context.services;
  const tenantId = tenantOf(person);
  await usage.credits.grant({
    ...{ tenantId, origin: 'goodwill', originRef: 'ticket', amountMicro: credits(count) },
    ...{ actor: { kind: 'service', name: 'test' }, reason: 'a test' },
    expiresAt: new Date('2027-05-10T12:00:00Z'),
  });
  const { limit } = await usage.checkQuota(tenantId, 'images');
  await usage.trackUsage({ tenantId, resourceType: 'images', amount: limit! });
  for (let n = 0; n < pictures; n += 1) {
    await usage.trackUsage({ tenantId, resourceType: 'images', amount: 1 });
  }
}

const PATHS = ['/api/credits', '/api/credits/history', '/api/credits/history.csv'];
const HEADER =
  'seq,at,kind,grant_id,resource,units,credits_a_unit,credits,balance,reverses,model\n';

describe('12.2 credits over HTTP', () => {
  test('who never had any has none, an empty history, and can spend the quota', async () => {
    const { call } = await server.signUp();
    const { status, body } = await call.get<CreditsView>(PATHS[0]!);
    expect(status).toBe(200);
    expect(body).toMatchObject({ balance: 0, held: 0, grants: [], spendable: { images: 10 } });
    expect((await call.get(PATHS[1]!)).body).toEqual({ movements: [], nextCursor: null });
    expect((await call.get(PATHS[2]!)).body).toBe(HEADER);
  });

  test('a member sees what the owner sees, and another team sees nothing of it', async () => {
    const owner = await people.owner('rich');
    const member = await people.join(owner, 'poor');
    await granted(owner, 10, 2);
    const { body } = await owner.call.get<CreditsView>(PATHS[0]!);
    expect(body.grants).toMatchObject([{ amount: credits(10), state: 'active' }]);
    expect(body.balance).toBe(body.grants[0]!.left);
    expect(body.balance).toBeLessThan(credits(10));
    const stranger = await server.signUp();
    for (const path of PATHS) {
      const seen = await owner.call.get(path);
      expect(seen.status, path).toBe(200);
      expect((await member.call.get(path)).body, path).toEqual(seen.body);
      expect((await stranger.call.get(path)).body, path).not.toEqual(seen.body);
      expect((await caller(server.url).get(path)).status, path).toBe(401);
    }
    expect((await stranger.call.get<CreditHistoryView>(PATHS[1]!)).body.movements).toEqual([]);
  });

  test('the history comes by pages that join, and the file has the same lines', async () => {
    const { call, session } = await server.signUp();
    await granted({ call, session }, 500, 51);
    const first = await call.get<CreditHistoryView>(PATHS[1]!);
    const cursor = first.body.nextCursor!;
    const second = await call.get<CreditHistoryView>(`${PATHS[1]}?cursor=${cursor}`);
    const all = [...first.body.movements, ...second.body.movements];
    expect(all.map(({ seq }) => seq)).toEqual(Array.from({ length: 52 }, (_, n) => 52 - n));
    expect(second.body.nextCursor).toBeNull();
    const file = await call.get<string>(PATHS[2]!);
    expect(file.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(file.headers.get('content-disposition')).toContain('credits.csv');
    expect(file.headers.get('cache-control')).toBe('no-store');
    expect(String(file.body).trim().split('\n')).toHaveLength(1 + 52);
  });

  test.each(['', '0', '-1', 'x', '1.5', '1e3', '9'.repeat(16), '9'.repeat(41), '%00', "1'--"])(
    'a cursor that no page gave is refused: %j',
    async (cursor) => {
      const { call } = await server.signUp();
      const answer = await call.get(`/api/credits/history?cursor=${cursor}`);
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    },
  );
});

describe('12.3 who may buy a pack', () => {
  const buy = ({ call }: Pick<Person, 'call'>) =>
    call.post<{ code?: string }>('/api/credits/checkout', { packId: 'small' });
  const stored = async (tenantId: string) =>
    (
      await server.database.pool.query('select from credit_purchases where tenant_id = $1', [
        tenantId,
      ])
    ).rowCount;

  test('not a member: refused, and nothing is stored', async () => {
    const owner = await people.owner('buyer');
    const member = await people.join(owner, 'asker');
    for (const path of ['checkout', 'purchases/x/refund', 'purchases/x/cancel']) {
      const answer = await member.call.post(`/api/credits/${path}`, { packId: 'small' });
      expect(answer, path).toMatchObject({ status: 403, body: { code: 'billing_role_required' } });
    }
    expect((await member.call.get('/api/credits/purchases')).body).toEqual({ purchases: [] });
    expect(await stored(tenantOf(owner))).toBe(0);
  });

  test('not who has not shown that the e-mail address is theirs', async () => {
    // With an SMTP server addresses are to be shown; nothing listens there.
    const mailed = await startTestServer({
      env: { SMTP_URL: 'smtp://127.0.0.1:1' },
      databaseUrl: server.database.url,
    });
    const { call, session } = await mailed.signUp('unproven');
    expect(await buy({ call })).toMatchObject({
      status: 403,
      body: { code: 'email_unverified' },
    });
    expect(await stored(session.tenant.id)).toBe(0);
    await mailed.stop();
  });

  test('not who is not signed in', async () => {
    expect((await buy({ call: caller(server.url) })).status).toBe(401);
  });
});
