import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TenantId, UserId } from '../../src/domain/ids.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { settled, signUp } from '../support/customer.ts';
import { caller } from '../support/http.ts';
import { balance, becomes, bought, chargeOf, credits, useCredits } from '../support/packs.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { openStripeProxy, type StripeProxy } from '../support/stripe-proxy.ts';

let app: TestApp;
let proxy: StripeProxy;
/** The one process that hears of an appeal: the local Stripe knows none. */
let looker: TestServer;
beforeAll(async () => {
  app = await startTestApp({ TRIAL_DAYS: '0' });
  proxy = await openStripeProxy(app.stripeUrl);
  looker = await startTestServer({
    databaseUrl: app.database.url,
    clock: app.server.context.clock,
    env: { STRIPE_API_BASE: proxy.url.href, STRIPE_SECRET_KEY: 'sk_test_squaretable' },
  });
});
afterAll(async () => {
  await looker?.stop();
  await proxy?.close();
  await app?.stop();
});

test('12.39 a dispute that was lost and won on appeal: the credits come back, once', async () => {
  const customer = await signUp(app);
  const { id, expiresAt } = await bought(customer, 'small');
  await useCredits(customer, 20);
  const charge = await chargeOf(customer);
  await caller(app.stripeUrl).post('/_control/disputes', { charge, reason: 'fraudulent' });
  await becomes(customer, 'disputed', 0);
  const { data } = await customer.atStripe<{ data: { id: string }[] }>(`disputes?charge=${charge}`);
  await customer.atStripe(`disputes/${data[0]!.id}/close`, {});
  await settled(app);
  expect((await credits(customer)).grants).toMatchObject([{ left: 0, state: 'revoked' }]);

  const requester = {
    userId: customer.session.user.id as UserId,
    tenantId: customer.tenantId as TenantId,
    role: 'owner',
  } as const;
  const looks = async (status: string) => {
    proxy.rewrites = ({ path }, text) =>
      path.startsWith('/v1/disputes') ? text.replaceAll('"lost"', `"${status}"`) : undefined;
    return looker.context.services.purchases.sync(requester, id);
  };
  expect(await looks('appeal_under_review')).toMatchObject({ state: 'disputed' });
  expect(await balance(customer)).toBe(0);
  for (const _again of [1, 2]) {
    expect(await looks('won')).toMatchObject({ state: 'granted' });
    expect(await balance(customer)).toBe(40);
  }
  const [back] = (await credits(customer)).grants;
  expect(Date.parse(back!.expiresAt)).toBeGreaterThanOrEqual(Date.parse(expiresAt!));
});
