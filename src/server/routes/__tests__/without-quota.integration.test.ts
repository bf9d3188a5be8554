import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';
import { PLANS_FILE, readPlansFile } from '../../../db/catalogue/plans-file.ts';
import type { ApiKeyCreated, UsageStats } from '../../../domain/api.ts';
import type { CreditsView } from '../../../domain/billing/credits.ts';
import { publishPlans } from '../../services/plans/publish-plans.ts';

/** Free sells API calls at 2 credits each, and has no quota of them; images it neither has nor sells. */
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  const drafts = readPlansFile(PLANS_FILE).map((draft) => {
    if (draft.plan !== 'free') return draft;
    const { images: _none, ...rates } = draft.rates;
    return {
      ...draft,
      limits: { ...draft.limits, images: 0 },
      rates: { ...rates, api_calls: 2_000_000 },
    };
  });
  const { database, context } = server;
  await publishPlans({ db: database.db, clock: context.clock }, drafts, { everyone: false });
  const { session } = await server.signUp();
  await vi.waitFor(async () => {
    const { limits } = await context.services.usage.getPlan(session.tenant.id);
    expect(limits.images).toBe(0);
  }, 60_000);
});
afterAll(() => server.stop());

test('12.1 what a plan sells without a quota is used by credits, to the last that is told as spendable', async () => {
  const { session, call } = await server.signUp();
  const tenantId = session.tenant.id;
  const { usage } = server.context.services;
  const spendable = async () => (await call.get<CreditsView>('/api/credits')).body.spendable;
  expect(await spendable()).toMatchObject({ api_calls: 0, images: 0 });
  await usage.credits.grant({
    ...{ tenantId, origin: 'goodwill', originRef: 'r', amountMicro: 5_000_000, reason: 'Test.' },
    ...{ expiresAt: new Date(server.context.clock.now().getTime() + 86_400_000) },
    actor: { kind: 'system', task: 'test' },
  });
  expect(await spendable()).toMatchObject({ api_calls: 2, images: 0 });

  const made = await call.post<ApiKeyCreated>('/api/api-keys', { name: 'bot' });
  expect(made.status).toBe(201);
  const byKey = async () => {
    const headers = { Authorization: `Bearer ${made.body.key}` };
    const response = await fetch(`${server.url}/api/characters`, { headers });
    return [response.status, ((await response.json()) as { code?: string }).code];
  };
  expect(await byKey()).toEqual([200, undefined]);
  expect(await byKey()).toEqual([200, undefined]);
  expect(await spendable()).toMatchObject({ api_calls: 0 });
  expect(await byKey()).toEqual([429, 'quota_exceeded']);
  const { resources } = (await call.get<UsageStats>('/api/subscription/usage')).body;
  const counter = resources.find(({ resourceType }) => resourceType === 'api_calls');
  expect(counter).toMatchObject({ used: 2, beyond: 2, limit: 0, rateMicro: 2_000_000 });
});

test('12.1 what it neither includes nor sells stays out, whatever credits there are', async () => {
  const { session } = await server.signUp();
  const tenantId = session.tenant.id;
  const { usage } = server.context.services;
  await expect(
    usage.trackUsage({ tenantId, resourceType: 'images', amount: 1 }),
  ).rejects.toMatchObject({ code: 'quota_exceeded', data: { reason: 'not_offered', packs: [] } });
});
