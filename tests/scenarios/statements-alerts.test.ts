import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, FAILING_CARD, type Customer } from '../support/customer.ts';
import {
  alertsOf,
  billed,
  done,
  draw,
  failing,
  invoicesOf,
  lookAgain,
  mailsOf,
  service,
  statement,
  subscriber,
} from '../support/statements.ts';
import { setChaos } from '../support/stripe-chaos.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ TRIAL_DAYS: '0' });
});
afterAll(async () => app?.stop());

/** Stripe gave up collecting it. */
async function uncollectible(customer: Customer): Promise<{ id: string }> {
  await draw(customer, 30);
  await customer.useCard(FAILING_CARD);
  const { id } = await billed(customer);
  await advanceDays(app, 1 / 24);
  await done(customer);
  const [invoice] = await invoicesOf(customer);
  await customer.atStripe(`invoices/${invoice!.id}/mark_uncollectible`, {});
  await done(customer);
  expect(await alertsOf(customer)).toEqual(['statement_uncollectible']);
  return { id };
}

/** Somebody put something on its draft. */
async function mismatched(customer: Customer): Promise<{ id: string; item: string }> {
  await draw(customer, 30);
  await failing(customer, 'POST', '/v1/invoiceitems', 'before');
  const { id } = await billed(customer);
  const [draft] = await invoicesOf(customer);
  const strange = {
    ...{ customer: await customer.customerId(), invoice: draft!.id },
    ...{ amount: '100', currency: 'cny' },
  };
  const item = await customer.atStripe<{ id: string }>('invoiceitems', strange);
  await lookAgain(customer, id);
  expect(await alertsOf(customer)).toEqual(['statement_mismatch']);
  return { id, item: item.id };
}

async function writeOff(customer: Customer, statementId: string): Promise<void> {
  const wish = { reason: 'given up', by: 'test', act: 'write-off' } as const;
  await service(customer).operate({ ...wish, statementId });
  await done(customer);
  expect(await statement(customer, statementId)).toMatchObject({ state: 'written_off' });
}

test.each([
  ['was not collected', uncollectible],
  ['did not come to what its invoice did', mismatched],
])('12.24 12.21 what %s is told no more once it is written off', async (_, happens) => {
  const customer = await subscriber(app);
  await writeOff(customer, (await happens(customer)).id);
  expect(await alertsOf(customer)).toEqual([]);
});

test('12.24 the owner is told once that it was not collected, and where it can still be paid', async () => {
  const customer = await subscriber(app);
  const { id } = await uncollectible(customer);
  await lookAgain(customer, id);
  expect(await mailsOf(customer)).toEqual(['statement_failed', 'statement_uncollectible']);
  const [mail] = (await app.server.context.services.mails.show(100)).filter(
    ({ kind, recipient }) =>
      kind === 'statement_uncollectible' && recipient === customer.session.user.email,
  );
  const { payUrl } = await statement(customer, id);
  expect(mail!.text).toContain(payUrl);
  await expect(draw(customer, 1)).rejects.toMatchObject({ data: { reason: 'unpaid' } });
  const [invoice] = await invoicesOf(customer);
  await customer.atStripe(`invoices/${invoice!.id}/pay`, { payment_method: 'pm_card_visa' });
  await done(customer);
  // Nothing is unpaid any more: it is off.
  await expect(draw(customer, 1)).rejects.toMatchObject({ data: { reason: 'quota' } });
});

test('12.22 one that is written off waits for no confirmation and no attempt', async () => {
  const customer = await subscriber(app);
  await draw(customer, 30);
  await customer.useCard('pm_card_authenticationRequired');
  const { id } = await billed(customer);
  await advanceDays(app, 1 / 24);
  await done(customer);
  expect(await statement(customer, id)).toMatchObject({ state: 'failed', actionRequired: true });
  expect((await statement(customer, id)).nextAttemptAt).not.toBeNull();
  await writeOff(customer, id);
  expect(await statement(customer, id)).toMatchObject({
    ...{ actionRequired: false, nextAttemptAt: null, payUrl: null },
  });
});

test('12.25 of one that was not collected and then voided, staff are told the latter', async () => {
  const customer = await subscriber(app);
  const { id } = await uncollectible(customer);
  const [invoice] = await invoicesOf(customer);
  await customer.atStripe(`invoices/${invoice!.id}/void`, {});
  await done(customer);
  expect(await statement(customer, id)).toMatchObject({ state: 'void' });
  expect(await alertsOf(customer)).toEqual(['statement_void']);
});

test.each([
  ['as it should be', true, []],
  ['with what is not of it', false, ['statement_mismatch']],
])('12.21 one that staff make final at Stripe, %s', async (_, isTakenOff, alerts) => {
  const customer = await subscriber(app);
  const { id, item } = await mismatched(customer);
  const [draft] = await invoicesOf(customer);
  if (isTakenOff) {
    await fetch(`${app.stripeUrl}/v1/invoiceitems/${item}`, {
      ...{ method: 'DELETE', headers: { Authorization: 'Bearer sk_test_squaretable' } },
    });
  }
  await customer.atStripe(`invoices/${draft!.id}/finalize`, {});
  await done(customer);
  expect(await statement(customer, id)).toMatchObject({ state: 'open' });
  expect(await alertsOf(customer)).toEqual(alerts);
});

test('12.20 one that could not be brought up to date is told until it could', async () => {
  const customer = await subscriber(app);
  await draw(customer, 30);
  const match = { method: 'POST', path: '/v1/invoices', customer: await customer.customerId() };
  const refused = { status: 400, code: 'not_now', when: 'before', match };
  setChaos(app.localStripe!, { failNext: Array.from({ length: 5 }, () => refused) });
  const { id } = await billed(customer);
  for (let n = 1; n < 5; n += 1) {
    expect(await alertsOf(customer)).toEqual([]);
    await app.database.pool.query(`update statements set look_at = closed_at where id = $1`, [id]);
    await service(customer).sweep();
  }
  expect(await alertsOf(customer)).toEqual(['statement_failing']);
  await lookAgain(customer, id);
  expect(await statement(customer, id)).toMatchObject({ state: 'open' });
  expect(await alertsOf(customer)).toEqual([]);
});
