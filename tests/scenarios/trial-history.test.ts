import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SessionView } from '../../src/domain/api.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Customer, GOOD_CARD, settled } from '../support/customer.ts';
import { caller } from '../support/http.ts';
import { mailsTo, remedied } from '../support/money-back.ts';

describe('9.14 a free trial', () => {
  let trying: TestApp;
  beforeAll(async () => void (trying = await startTestApp({ TRIAL_DAYS: '14' })));
  afterAll(async () => trying?.stop());

  async function register(email: string): Promise<Customer> {
    const answer = await caller(trying.url).post<SessionView>('/api/auth/register', {
      email,
      password: 'correct horse battery',
      tenantName: 'Round table',
    });
    expect(answer.status).toBe(201);
    return new Customer(trying, answer.body);
  }
  const subscribeWith = async (customer: Customer, card: string) => {
    await customer.pay(await customer.checkout('pro', 'month'), card);
    await remedied(customer);
    return customer.subscription();
  };

  test('is there once for each address, also written otherwise, after the team was deleted', async () => {
    const first = await register('a.da@gmail.com');
    expect(await subscribeWith(first, GOOD_CARD)).toMatchObject({ status: 'trialing' });
    const deleted = await first.api.delete('/api/tenant', { confirm: 'Round table' });
    expect(deleted.status).toBe(204);
    await settled(trying);
    for (const email of ['a.da@gmail.com', 'ada+2@googlemail.com']) {
      const again = await register(email);
      expect((await again.overview()).trialDays).toBe(0);
      expect(await subscribeWith(again, '5555555555554444')).toMatchObject({ status: 'active' });
    }
    const { rows } = await trying.database.pool.query<{ hash: string }>(
      'select hash from trial_uses',
    );
    expect(JSON.stringify(rows)).not.toMatch(/ada|gmail/);
  });

  test('is there once for each card: a second one ends at once, costs nothing, and says why', async () => {
    const first = await register('grace@example.com');
    expect(await subscribeWith(first, '378282246310005')).toMatchObject({ status: 'trialing' });
    const second = await register('somebody-else@example.com');
    expect((await second.overview()).trialDays).toBe(14);
    expect(await subscribeWith(second, '378282246310005')).toMatchObject({
      plan: 'free',
      status: 'canceled',
      endReason: 'trial_used',
    });
    expect((await second.payments()).reduce((sum, one) => sum + one.amountPaidMinor, 0)).toBe(0);
    expect(await mailsTo(second)).toEqual(['trial_refused']);
    const { trialDays, actions } = await second.overview();
    expect(trialDays).toBe(0);
    expect(Object.values(actions)).toEqual(['subscribe', 'subscribe', 'subscribe']);
    expect(await subscribeWith(second, '378282246310005')).toMatchObject({
      plan: 'pro',
      status: 'active',
      endReason: null,
    });
    expect(await first.subscription()).toMatchObject({ status: 'trialing' });
  });

  test('that staff give to who has paid is theirs to decide, whoever had one on that card', async () => {
    const card = '6011111111111117';
    const first = await register('first@example.com');
    expect(await subscribeWith(first, card)).toMatchObject({ status: 'trialing' });
    const paid = await register('paid@example.com');
    expect(await subscribeWith(paid, card)).toMatchObject({ endReason: 'trial_used' });
    expect(await subscribeWith(paid, card)).toMatchObject({ plan: 'pro', status: 'active' });
    const { currentPeriodEnd } = await paid.subscription();
    const trialEnd = Date.parse(currentPeriodEnd!) / 1000;
    const [bought] = await paid.subscriptionsAtStripe();
    await paid.atStripe(`subscriptions/${bought!.id}`, {
      trial_end: String(trialEnd),
      proration_behavior: 'none',
    });
    await remedied(paid);
    expect(await paid.sync()).toMatchObject({ plan: 'pro', status: 'trialing', endReason: null });
  });
});
