import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, FAILING_CARD, settled, type Customer } from '../support/customer.ts';
import { mailsTo, outOfPocket } from '../support/money-back.ts';
import {
  agreed,
  attempts,
  becomesOne,
  bySelf,
  saveCard,
  toppedUp,
  topUpOf,
} from '../support/top-ups.ts';

/** Which card it was that an automatic purchase rests for: the one that was to pay it. */
let app: TestApp;
beforeAll(async () => void (app = await startTestApp({ TRIAL_DAYS: '0' })));
afterAll(async () => app?.stop());

const isPaused = (customer: Customer, paused: string | null) =>
  vi.waitFor(async () => expect((await topUpOf(customer)).paused).toBe(paused), 60_000);

test('12.40 another card was saved while the bank wanted its owner: it goes on with that one', async () => {
  const customer = await agreed(app, 'pm_card_authenticationRequired');
  await toppedUp(customer, 'needs_action');
  await saveCard(customer, 'pm_card_visa');
  await settled(app);
  expect(await bySelf(customer)).toMatchObject([{ state: 'needs_action' }]);
  await advanceDays(app, 1.01);
  await app.server.context.services.purchases.sweep();
  await becomesOne(customer, 'expired');
  await customer.sync();
  await isPaused(customer, null);
  await toppedUp(customer);
  expect(await outOfPocket(customer)).toBe(600);
});

test('12.41 cut between taking a declined one back and writing it down: the same card is not tried again', async () => {
  const customer = await agreed(app, FAILING_CARD);
  await toppedUp(customer, 'failed');
  const { pool } = app.database;
  const { tenantId } = customer;
  // As it stands when the process is killed there.
  await pool.query(
    `update auto_top_ups set paused = null, paused_method = null where tenant_id = $1`,
    [tenantId],
  );
  const { rows } = await pool.query<{ id: string }>(
    `update credit_purchases set state = 'wanted', look_at = $2
     where tenant_id = $1 and trigger = 'auto' returning id`,
    [tenantId, app.server.context.clock.now()],
  );
  await customer.api.post(`/api/credits/purchases/${rows[0]!.id}/sync`);
  await becomesOne(customer, 'failed');
  await isPaused(customer, 'declined');
  await customer.sync();
  await settled(app);
  expect((await topUpOf(customer)).paused).toBe('declined');
  expect(await attempts(customer)).toBe(1);
  expect((await mailsTo(customer)).filter((kind) => kind === 'top_up_paused')).toHaveLength(1);
});
