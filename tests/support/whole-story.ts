import { randomUUID } from 'node:crypto';
import type { SessionView } from '../../src/domain/api.ts';
import type { TestApp } from './app.ts';
import { Customer, GOOD_CARD } from './customer.ts';
import { caller } from './http.ts';
import { putOnPlan } from './metering.ts';
import { signInAsOperator } from './operator.ts';
import { openPack, payPack, purchases } from './packs.ts';
import { billed } from './statements.ts';
import { agree, saveCard, want } from './top-ups.ts';

export interface Words {
  /** Stands in all that is sent. */
  secret: string;
  password: string;
}

/** What is refused, or fails, is so: what comes after it is done all the same. */
async function tried<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch {
    return undefined;
  }
}

/** Everything that people, services and staff make, once, by the person of `session` on Free. */
export async function wholeStory(app: TestApp, session: SessionView, words: Words): Promise<void> {
  const person = new Customer(app, session);
  await tried(() => putOnPlan(app.database, session.tenant.id, 'team'));
  await account(app, person, words);
  await used(app, person, words);
  await inTeam(app, person, words);
  await bought(app, person, words);
  await byStaff(app, person, words);
  await tried(async () => app.localStripe?.settled());
  await tried(() => app.server.context.services.mails.sendDue());
}

async function account(app: TestApp, { api, session }: Customer, { secret, password }: Words) {
  const credentials = { email: session.user.email, password };
  const login = await fetch(`${app.url}/api/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(credentials),
  });
  const cookie = login.headers.getSetCookie()[0]?.split(';')[0];
  await fetch(`${app.url}/api/auth/refresh`, { method: 'POST', headers: cookie ? { cookie } : {} });
  await api.post('/api/auth/password/forgot', { email: session.user.email });
  const email = `${secret}-${randomUUID()}@example.com`;
  await api.post('/api/auth/email/change', { email, password });
  await api.put('/api/auth/me/notifications', { muted: ['usage_threshold'] });
}

async function used(app: TestApp, { api, tenantId }: Customer, { secret }: Words) {
  const service = caller(app.url, app.usageIngestToken);
  const made = await api.post<{ id?: string }>('/api/characters', {
    ...{ name: secret, description: secret, greeting: secret, shared: true },
  });
  const other = await tried(() => stranger(app, secret));
  await other?.post(`/api/characters/${made.body.id ?? randomUUID()}/report`, { reason: secret });
  const begun = await api.post<{ id?: string }>('/api/conversations', { title: secret });
  await api.post('/api/chat', { message: secret, conversationId: begun.body.id ?? randomUUID() });
  await api.post('/api/images', { prompt: secret });
  const unit = { tenantId, resourceType: 'messages', amount: 1 };
  const metadata = { note: secret };
  const key = () => `${secret}-${randomUUID()}`;
  await service.post('/api/usage/events', {
    events: [{ ...unit, amount: 70, idempotencyKey: key(), metadata }],
  });
  const held = await service.post<{ reservationId?: string }>('/api/usage/reservations', {
    ...{ ...unit, ttlSeconds: 60, idempotencyKey: key() },
  });
  const path = `/api/usage/reservations/${held.body.reservationId ?? randomUUID()}`;
  await service.post(`${path}/settle`, { amount: 1, metadata });
}

/** A plan, a pack that is drawn from and given back, overage that is billed, rules and wishes. */
async function bought(app: TestApp, person: Customer, { secret }: Words) {
  const { api, tenantId } = person;
  const { usage, statements } = app.server.context.services;
  const draw = (amount: number) =>
    tried(() => usage.trackUsage({ tenantId, resourceType: 'images', amount }));
  const checkout = await tried(() => person.openCheckout('pro', 'month'));
  if (checkout?.status === 200) {
    const id = new URL(checkout.body.checkoutUrl).pathname.split('/').at(-1)!;
    await person.stripe.post(`/_control/checkout_sessions/${id}/complete`, { card: GOOD_CARD });
  }
  await tried(async () => app.localStripe?.settled());
  await api.post('/api/subscription/sync');
  await api.post('/api/api-keys', { name: secret });
  await tried(async () => payPack(person, await openPack(person, 'small')));
  await tried(async () => app.localStripe?.settled());
  const [pack] = (await tried(() => purchases(person))) ?? [];
  const ofPack = `/api/credits/purchases/${pack?.id ?? randomUUID()}`;
  await api.post(`${ofPack}/sync`);
  // Beyond the quota of Pro: drawn from the pack, held on it, and settled.
  await draw(502);
  await tried(async () => {
    const held = await usage.reserve({
      tenantId,
      resourceType: 'images',
      amount: 1,
      ttlSeconds: 60,
    });
    await usage.settle({ reservationId: held.reservationId, amount: 1 });
  });
  await api.post(`${ofPack}/refund`);
  const seen = await api.get<{ overage?: { price?: object } }>('/api/billing/limits');
  const overage = { enabled: true, capMinor: 2_400, consent: seen.body.overage?.price };
  await api.put('/api/billing/limits', { overage });
  await draw(90);
  await tried(() => billed(person));
  await tried(() => statements.sweep());
  await api.put('/api/billing/limits', { rules: { preset: 'minor_under_8' } });
  await tried(() => saveCard(person, 'pm_card_visa'));
  await tried(() => agree(person));
  await tried(() => want(app));
  await api.post('/api/subscription/cancel', { reason: secret, immediately: true });
}

async function inTeam(app: TestApp, { api, session, tenantId }: Customer, words: Words) {
  await tried(() => putOnPlan(app.database, tenantId, 'team'));
  const email = `${words.secret}-${randomUUID()}@example.com`;
  await api.post('/api/invitations', { email, role: 'member' });
  await api.put(`/api/members/${session.user.id}/limits`, { images: 3 });
  await api.put('/api/tenant/billing-email', { email });
}

async function byStaff(app: TestApp, person: Customer, { secret, password }: Words) {
  const { allowances } = app.server.context.services.usage;
  const actor = { kind: 'system', task: 'test' } as const;
  await tried(() =>
    allowances.add({
      ...{ tenantId: person.tenantId, resourceType: 'images', units: 5, kind: 'goodwill' },
      ...{ ref: secret, reason: secret, actor },
    }),
  );
  const { accessToken, user } = person.session;
  const context = { database: app.database, clock: { now: () => new Date() } };
  const operator = { email: user.email, password, accessToken };
  await tried(() => signInAsOperator({ url: app.url, context }, operator, secret));
}

async function stranger(app: TestApp, secret: string) {
  const { body } = await caller(app.url).post<SessionView>('/api/auth/register', {
    ...{ email: `${secret}-${randomUUID()}@example.com`, password: `password ${secret}` },
    ...{ displayName: secret, tenantName: secret },
  });
  return caller(app.url, body.accessToken);
}
