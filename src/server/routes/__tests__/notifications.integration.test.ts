import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NotificationsView } from '../../../domain/api.ts';
import { OPTIONAL_MAILS } from '../../../domain/mails.ts';
import { caller, type Caller } from '../../../../tests/support/http.ts';
import { mailsTo } from '../../../../tests/support/mailed.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';
import { queueMail } from '../../services/mail/queue-mail.ts';
import type { MailKind } from '../../services/mail/templates.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { SMTP_URL: 'smtp://127.0.0.1:1' } });
});
afterAll(() => server?.stop());

async function person(name: string) {
  const { session, call } = await server.signUp(name);
  const put = async (path: string, body: object, token = session.accessToken) => {
    const response = await fetch(server.url + path, {
      method: 'PUT',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as NotificationsView };
  };
  const queue = (kind: MailKind, data: object) =>
    server.database.db.transaction((tx) =>
      queueMail(tx, session.tenant.id, {
        ...{ kind, subjectId: `${name}:${kind}`, attempt: 0, data, now: new Date() },
      }),
    );
  const usage = { resourceType: 'messages', period: '2027-02', percent: 80, used: 80, limit: 100 };
  return {
    ...{ session, put, email: session.user.email },
    read: async (by: Caller = call) =>
      (await by.get<NotificationsView>('/api/auth/me/notifications')).body,
    tellUsage: () => queue('usage_threshold', usage),
    tellRefund: () =>
      queue('payment_refunded', { amountMinor: 2900, currency: 'cny', cause: 'late_payment' }),
  };
}

test('13 what one may do without is not sent, and what money needs is', async () => {
  const { read, put, tellUsage, tellRefund, email } = await person('quiet');
  expect(await read()).toEqual({
    optional: OPTIONAL_MAILS.map((kind) => ({ kind, wanted: true })),
    billingEmail: null,
  });
  const muted = await put('/api/auth/me/notifications', { muted: ['usage_threshold'] });
  expect(muted.body.optional).toEqual([{ kind: 'usage_threshold', wanted: false }]);
  await tellUsage();
  await tellRefund();
  expect(await mailsTo(server.context, 'usage_threshold', email)).toEqual([]);
  expect(await mailsTo(server.context, 'payment_refunded', email)).toHaveLength(1);
  for (const kind of ['payment_failed', 'password_changed', 7]) {
    expect((await put('/api/auth/me/notifications', { muted: [kind] })).status).toBe(400);
  }
  await put('/api/auth/me/notifications', { muted: [] });
  await tellUsage();
  expect(await mailsTo(server.context, 'usage_threshold', email)).toHaveLength(1);
});

test('13 a second billing address is told so, and gets what is about money alone', async () => {
  const { read, put, tellUsage, tellRefund, email, session } = await person('booker');
  const books = 'books@example.com';
  const named = await put('/api/tenant/billing-email', { email: 'Books@Example.com' });
  expect(named).toMatchObject({ status: 200, body: { billingEmail: books } });
  await tellUsage();
  await tellRefund();
  await tellRefund();
  for (const to of [email, books]) {
    expect(await mailsTo(server.context, 'payment_refunded', to)).toHaveLength(1);
  }
  expect(await mailsTo(server.context, 'usage_threshold', books)).toEqual([]);
  expect(await mailsTo(server.context, 'billing_address', books)).toHaveLength(1);
  // Naming it again tells nobody again; members neither see nor choose it.
  await put('/api/tenant/billing-email', { email: books });
  expect(await mailsTo(server.context, 'billing_address', books)).toHaveLength(1);
  const member = await person('reader');
  await server.database.pool.query(
    `update users set tenant_id = $1, role = 'member' where id = $2`,
    [...[session.tenant.id, member.session.user.id]],
  );
  const login = { email: member.email, password: 'correct horse' };
  const { accessToken } = (
    await caller(server.url).post<{ accessToken: string }>('/api/auth/login', login)
  ).body;
  expect((await member.read(caller(server.url, accessToken))).billingEmail).toBeNull();
  const refused = await member.put('/api/tenant/billing-email', { email: null }, accessToken);
  expect(refused).toMatchObject({ status: 403, body: { code: 'billing_role_required' } });
  expect((await put('/api/tenant/billing-email', { email: 'x' })).status).toBe(400);
  await put('/api/tenant/billing-email', { email: null });
  expect((await read()).billingEmail).toBeNull();
});
