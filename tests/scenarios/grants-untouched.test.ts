import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import {
  advanceDays,
  advanceTo,
  FAILING_CARD,
  settled,
  signUp,
  type Customer,
} from '../support/customer.ts';
import { caller } from '../support/http.ts';
import { bought, credits, useCredits } from '../support/packs.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ TRIAL_DAYS: '0' });
  await caller(app.stripeUrl).post('/_control/retry_settings', {
    ...{ attempts: 2, spacingSeconds: 3 * 24 * 3600, final: 'cancel' },
  });
});
afterAll(async () => app?.stop());

/** Of each grant what it is, what is left of it, and until when. */
const grantsOf = async (customer: Customer) =>
  (await credits(customer)).grants.map(({ id, origin, amount, left, held, state, expiresAt }) => ({
    ...{ id, origin, amount, left, held, state, expiresAt },
  }));

test('12.9 renewals, month ends, a bill that is not paid and the end of the plan change no grant', async () => {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  await bought(customer, 'small');
  await app.server.context.services.usage.credits.grant({
    ...{ tenantId: customer.tenantId, origin: 'goodwill', originRef: 'sorry' },
    ...{ amountMicro: 5_000_000, reason: 'an outage', actor: { kind: 'service', name: 'test' } },
    expiresAt: new Date(app.server.context.clock.now().getTime() + 300 * 86_400_000),
  });
  await useCredits(customer, 20);
  const grants = await grantsOf(customer);
  expect(grants.map(({ origin }) => origin).toSorted()).toEqual(['goodwill', 'purchase']);
  const untouched = async (plan: string, status: string) => {
    expect(await customer.subscription()).toMatchObject({ plan, status });
    expect(await grantsOf(customer)).toEqual(grants);
  };
  const renewed = async () => {
    const { currentPeriodEnd } = await customer.subscription();
    await advanceTo(app, currentPeriodEnd!);
    await advanceDays(app, 0.1);
  };

  // Two renewals, and with them two ends of months of use.
  await renewed();
  await untouched('pro', 'active');
  await renewed();
  await untouched('pro', 'active');

  await customer.useCard(FAILING_CARD);
  await renewed();
  await untouched('pro', 'past_due');
  await customer.useCard('pm_card_visa');
  await advanceDays(app, 3.1);
  await untouched('pro', 'active');

  // And once more, until Stripe gives up.
  await customer.useCard(FAILING_CARD);
  await renewed();
  await advanceDays(app, 3.1);
  await advanceDays(app, 3.1);
  await settled(app);
  expect((await customer.subscription()).plan).toBe('free');
  expect(await grantsOf(customer)).toEqual(grants);
});
