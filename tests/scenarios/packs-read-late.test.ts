import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { inTransaction } from '../../src/db/client.ts';
import { writeSpendingRule } from '../../src/db/repositories/billing/spending.repository.ts';
import type { TenantId, UserId } from '../../src/domain/ids.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { signUp, type Customer } from '../support/customer.ts';
import { lookedAt, openPack, purchases } from '../support/packs.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { openStripeProxy, type StripeProxy } from '../support/stripe-proxy.ts';

/** What a process read of a purchase, and writes when another has ended it meanwhile. */
const onlyPurchase = async (customer: Customer) => (await purchases(customer))[0]!;
const requesterOf = ({ session }: Customer) =>
  ({
    userId: session.user.id as UserId,
    tenantId: session.tenant.id as TenantId,
    role: 'owner',
  }) as const;

let app: TestApp;
let proxy: StripeProxy;
/** A second process, whose answers of Stripe may come late. */
let late: TestServer;

beforeAll(async () => {
  app = await startTestApp();
  proxy = await openStripeProxy(app.stripeUrl);
  late = await startTestServer({
    databaseUrl: app.database.url,
    clock: app.server.context.clock,
    env: { STRIPE_API_BASE: proxy.url.href, STRIPE_SECRET_KEY: 'sk_test_squaretable' },
  });
});
afterAll(async () => {
  await late?.stop();
  await proxy?.close();
  await app?.stop();
});

test('12.3 a Checkout that was read as open a moment ago does not undo that it was given up', async () => {
  const customer = await signUp(app);
  const sessionId = await openPack(customer, 'small');
  const { id } = await onlyPurchase(customer);
  const isRead = Promise.withResolvers<void>();
  const goesOn = Promise.withResolvers<void>();
  proxy.answersAfter = ({ path }) => {
    if (!path.includes(sessionId)) return undefined;
    isRead.resolve();
    return goesOn.promise;
  };
  const looked = late.context.services.purchases.sync(requesterOf(customer), id);
  await isRead.promise;
  const givenUp = customer.api.post(`/api/credits/purchases/${id}/cancel`);
  await vi.waitFor(
    async () => expect((await onlyPurchase(customer)).state).toBe('expired'),
    60_000,
  );
  goesOn.resolve();
  expect((await looked).state).toBe('expired');
  expect(await givenUp).toMatchObject({ status: 200, body: { state: 'expired' } });
  expect((await onlyPurchase(customer)).state).toBe('expired');
  // Another one can be opened, and is the only one that is open.
  await openPack(customer, 'small');
  expect((await purchases(customer)).map(({ state }) => state)).toEqual(['open', 'expired']);
});

describe('12.47 a rule that becomes tighter while a purchase begins', () => {
  const tighter = ({ api }: Customer) =>
    api.put('/api/billing/limits', { rules: { preset: 'own', singleMaxMinor: 100 } });
  const begin = (customer: Customer) =>
    late.context.services.purchases.begin(requesterOf(customer), { packId: 'small' });
  const openAtStripe = async (customer: Customer) =>
    (
      await customer.atStripe<{ data: object[] }>(
        `checkout/sessions?customer=${await customer.customerId()}&status=open`,
      )
    ).data;
  const isOpening = ({ method, path }: { method: string; path: string }) =>
    method === 'POST' && path === '/v1/checkout/sessions';
  afterEach(() => {
    proxy.guard = () => undefined;
    proxy.answersAfter = () => undefined;
  });
  const refused = { code: 'spending_rule', data: { rule: 'single' } };

  test('and Stripe is asked: nobody is sent to the till', async () => {
    const customer = await signUp(app);
    const isMade = Promise.withResolvers<void>();
    const goesOn = Promise.withResolvers<void>();
    proxy.answersAfter = (call) => {
      if (!isOpening(call)) return undefined;
      isMade.resolve();
      return goesOn.promise;
    };
    const begun = begin(customer).catch((error: unknown) => error);
    await isMade.promise;
    expect(await tighter(customer)).toMatchObject({ status: 200 });
    goesOn.resolve();
    expect(await begun).toMatchObject(refused);
    expect(await onlyPurchase(customer)).toMatchObject({ state: 'expired', checkoutUrl: null });
    expect(await openAtStripe(customer)).toEqual([]);
  });

  test('before Stripe had opened it: asked again, it is refused', async () => {
    const customer = await signUp(app);
    proxy.guard = (call) => (isOpening(call) ? 500 : undefined);
    await expect(begin(customer)).rejects.toMatchObject({ code: 'stripe_unavailable' });
    expect(await tighter(customer)).toMatchObject({ status: 200 });
    proxy.guard = () => undefined;
    await expect(begin(customer)).rejects.toMatchObject(refused);
    expect(await onlyPurchase(customer)).toMatchObject({ state: 'expired', checkoutUrl: null });
    expect(await openAtStripe(customer)).toEqual([]);
  });

  test('and who sets it is cut before what is open is ended: asked again, it is refused', async () => {
    const customer = await signUp(app);
    await openPack(customer, 'small');
    await lookedAt(customer);
    await inTransaction(app.database.db, (tx) =>
      writeSpendingRule(tx, {
        ...{ tenantId: customer.tenantId, preset: 'own', currency: 'cny', timeZone: 'UTC' },
        ...{ singleMaxMinor: 100, dayMaxMinor: null, monthMaxMinor: null },
        ...{ next: null, nextAt: null, setBy: null, setAt: new Date() },
      }),
    );
    await expect(begin(customer)).rejects.toMatchObject(refused);
    expect(await onlyPurchase(customer)).toMatchObject({ state: 'expired', checkoutUrl: null });
    expect(await openAtStripe(customer)).toEqual([]);
  });
});

test('12.3 what is over without a session is looked at once more, and then never', async () => {
  const customer = await signUp(app);
  await openPack(customer, 'small');
  const { id } = await onlyPurchase(customer);
  const { pool } = app.database;
  await pool.query(
    `update credit_purchases set state = 'expired', stripe_session_id = null, look_at = $2 where id = $1`,
    [id, app.server.context.clock.now()],
  );
  await app.server.context.services.purchases.sync(requesterOf(customer), id);
  const { rows } = await pool.query('select state, look_at from credit_purchases where id = $1', [
    id,
  ]);
  expect(rows).toEqual([{ state: 'expired', look_at: null }]);
});
