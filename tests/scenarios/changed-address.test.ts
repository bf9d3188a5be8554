import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { AccountDeletionView, SessionView } from '../../src/domain/api.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Customer, settled } from '../support/customer.ts';
import { caller } from '../support/http.ts';
import { tokenMailed } from '../support/mailed.ts';

const PASSWORD = 'correct horse battery';
let app: TestApp;
beforeAll(async () => void (app = await startTestApp({ TRIAL_DAYS: '14' })));
afterAll(async () => app?.stop());

const address = () => `${randomUUID()}@example.com`;

async function register(email = address()): Promise<Customer> {
  const registration = { email, password: PASSWORD, tenantName: 'Round table' };
  const answer = await caller(app.url).post<SessionView>('/api/auth/register', registration);
  expect(answer.status).toBe(201);
  return new Customer(app, answer.body);
}

async function moveTo(person: Customer, email: string): Promise<void> {
  const wish = { email, password: PASSWORD };
  expect((await person.api.post('/api/auth/email/change', wish)).status).toBe(202);
  const token = await tokenMailed(app.server.context, 'change_email', email);
  expect((await caller(app.url).post('/api/auth/email/verify', { token })).status).toBe(200);
}

const emailAtStripe = async (person: Customer) =>
  (await person.atStripe<{ email: string }>(`customers/${await person.customerId()}`)).email;
const syncContacts = () => app.server.context.services.subscriptions.syncContacts();

test('13 Stripe’s customer gets the new address, also when Stripe was away', async () => {
  const person = await register();
  await person.subscribe('pro', 'month');
  const [first, second] = [address(), address()];
  await moveTo(person, first);
  await vi.waitFor(async () => expect(await emailAtStripe(person)).toBe(first), 60_000);

  // Each of its calls fails: the change itself goes through, and Stripe is told later.
  const fails = { match: { method: 'POST', path: '/v1/customers/:id' }, status: 500 };
  const failNext = Array.from({ length: 6 }, () => ({ ...fails, when: 'before' }));
  expect((await person.stripe.post('/_control/chaos', { failNext })).status).toBe(200);
  await moveTo(person, second);
  await syncContacts();
  expect(await emailAtStripe(person)).toBe(first);
  await person.stripe.post('/_control/chaos', { failNext: [] });
  await syncContacts();
  expect(await emailAtStripe(person)).toBe(second);
  const { rows } = await app.database.pool.query(
    'select 1 from tenants where contact_changed_at is not null',
  );
  expect(rows).toEqual([]);
});

test('13 a change of address gives nobody a second trial, to whichever address one goes', async () => {
  const [first, second, third] = [address(), address(), address()];
  const person = await register(first);
  await person.pay(await person.checkout('pro', 'month'), '4000056655665556');
  await settled(app);
  expect(await person.subscription()).toMatchObject({ status: 'trialing' });
  await moveTo(person, second);
  await moveTo(person, third);
  // The trial goes on, and its addresses are used up: the ones between as well.
  expect(await person.sync()).toMatchObject({ status: 'trialing' });
  // The addresses may be taken back for a week, and are nobody's until then.
  await app.database.pool.query(`update mailed_links set expires_at = created_at`);
  for (const email of [first, second]) {
    expect((await (await register(email)).overview()).trialDays).toBe(0);
  }
});

test('13 an only owner who leaves ends what would be charged', async () => {
  const person = await register();
  await person.pay(await person.checkout('team', 'month'), '5555555555554444');
  await settled(app);
  const { plan } = await person.sync();
  const what = await person.api.get<AccountDeletionView>('/api/auth/me/deletion');
  expect(what.body).toMatchObject({ deletesTeam: true, subscription: { plan } });
  const wish = { password: PASSWORD, confirm: 'Round table' };
  expect((await person.api.delete('/api/auth/me', wish)).status).toBe(204);
  const found = await person.subscriptionsAtStripe();
  expect(found.map(({ status }) => status)).toEqual(['canceled']);
});

test('13 while Stripe is away an only owner cannot leave, and nothing is half gone', async () => {
  const person = await register();
  await person.pay(await person.checkout('pro', 'month'), '378282246310005');
  await settled(app);
  await person.sync();
  const failNext = Array.from({ length: 20 }, () => ({ status: 500, when: 'before' }));
  await person.stripe.post('/_control/chaos', { failNext });
  const wish = { password: PASSWORD, confirm: 'Round table' };
  expect((await person.api.delete('/api/auth/me', wish)).status).toBe(503);
  await person.stripe.post('/_control/chaos', { failNext: [] });
  expect((await person.api.get('/api/auth/me')).status).toBe(200);
  expect((await person.api.delete('/api/auth/me', wish)).status).toBe(204);
});
