import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { MonthCostView } from '../../src/domain/billing/payment-view.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, settled } from '../support/customer.ts';
import { done, draw, subscriber } from '../support/statements.ts';
import { agreeToOverage } from '../support/overage.ts';
import { replacePrice } from '../support/prices.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp({ TRIAL_DAYS: '0' })));
afterAll(async () => app?.stop());

test('a month in which a team leaves and returns in another currency costs what it was in each', async () => {
  const customer = await subscriber(app);
  await draw(customer, 30);
  await customer.api.post('/api/subscription/cancel', { immediately: true });
  await settled(app);
  await app.server.context.services.statements.closeDue();
  await app.server.context.services.statements.sweep();
  await advanceDays(app, 1 / 12);
  await done(customer);
  await replacePrice(customer, 'squaretable_pro_monthly', { currency: 'usd', unit_amount: '499' });
  await customer.subscribe('pro', 'month');
  const at = app.server.context.clock.now();
  await agreeToOverage(app.database, customer.tenantId, { at, currency: 'usd' });
  await draw(customer, 10);
  const view = async () =>
    (await customer.api.get<MonthCostView>('/api/subscription/month')).body.costs;
  await vi.waitFor(
    async () =>
      expect(await view()).toMatchObject([
        { currency: 'cny', overageMinor: 720 },
        // 20 credits of 1.8 cents.
        { currency: 'usd', planMinor: 499, overageMinor: 36 },
      ]),
    { timeout: 60_000, interval: 100 },
  );
});
