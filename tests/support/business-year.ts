import { periodEnd, periodOf } from '../../src/domain/period.ts';
import type { TestApp } from './app.ts';
import {
  advanceDays,
  advanceTo,
  FAILING_CARD,
  GOOD_CARD,
  settled,
  signUp,
  type Customer,
} from './customer.ts';
import { caller } from './http.ts';
import { agreeToOverage } from './overage.ts';
import { bought, lookedAt, openPack, payPack, refundByStaff } from './packs.ts';
import { billed, draw } from './statements.ts';
import type { StripeFigures } from './stripe-figures.ts';

const monthEnd = (app: TestApp) => periodEnd(periodOf(app.server.context.clock.now()));

/** To the last minutes of the month, then to the tenth of the next one. */
async function monthPasses(app: TestApp, figures: StripeFigures): Promise<void> {
  const end = monthEnd(app);
  await advanceTo(app, new Date(end.getTime() - 3 * 60_000).toISOString());
  await figures.collectEvents();
  await advanceTo(app, new Date(end.getTime() + 9 * 86_400_000).toISOString());
  await figures.collectEvents();
}

/** Somebody who had their trial already. */
async function tried(app: TestApp, name: string): Promise<Customer> {
  const customer = await signUp(app, name);
  await app.database.pool.query('update tenants set trial_used_at = now() where id = $1', [
    customer.tenantId,
  ]);
  return customer;
}

const live = async (customer: Customer) =>
  (await customer.subscriptionsAtStripe()).find(({ status }) => status !== 'canceled')!;
const leave = async (customer: Customer) => {
  await customer.api.post('/api/subscription/cancel', { immediately: true });
  await settled(customer.app);
};

/**
 * A year in which everything happens that the operator's business page counts, with customers of an app
 * that offers trials; it ends in the middle of a month.
 */
export async function liveAYear(app: TestApp, figures: StripeFigures): Promise<void> {
  await advanceTo(app, new Date(monthEnd(app).getTime() + 2 * 86_400_000).toISOString());
  // The first month: trials, plans by month and by year, three of one, tax.
  const stays = await signUp(app, 'Stays');
  await stays.subscribe('pro', 'month', GOOD_CARD);
  const coupon = await stays.atStripe<{ id: string }>('coupons', {
    ...{ percent_off: '30', duration: 'forever' },
  });
  await stays.atStripe(`subscriptions/${(await live(stays)).id}`, {
    'discounts[0][coupon]': coupon.id,
  });
  const tries = await signUp(app, 'Tries');
  await tries.subscribe('pro', 'month', '5555555555554444');
  await tries.api.post('/api/subscription/cancel');
  const grower = await tried(app, 'Grower');
  await grower.subscribe('pro', 'month');
  const tax = await grower.atStripe<{ id: string }>('tax_rates', {
    ...{ display_name: 'VAT', percentage: '10', inclusive: 'false' },
  });
  await grower.atStripe(`subscriptions/${(await live(grower)).id}`, {
    'default_tax_rates[0]': tax.id,
  });
  const yearly = await tried(app, 'Yearly');
  await yearly.subscribe('pro', 'year');
  const debtor = await tried(app, 'Debtor');
  await debtor.subscribe('pro', 'month');
  const guest = await tried(app, 'Guest');
  await guest.subscribe('pro', 'month');
  await advanceDays(app, 1);
  await refundByStaff(guest);
  await leave(guest);
  await monthPasses(app, figures);

  await grower.change('team', 'month');
  const { id, items } = await live(grower);
  await grower.atStripe(`subscriptions/${id}`, {
    ...{ 'items[0][id]': items.data[0]!.id, 'items[0][quantity]': '3', proration_behavior: 'none' },
  });
  await debtor.useCard(FAILING_CARD);
  await monthPasses(app, figures);
  await debtor.useCard('pm_card_visa');
  await monthPasses(app, figures);

  await refundByStaff(yearly, 9_900);
  await leave(yearly);
  await monthPasses(app, figures);
  await yearly.subscribe('pro', 'month');
  await debtor.useCard(FAILING_CARD);
  await monthPasses(app, figures);

  // Packs in two currencies, one given back, one whose refund the wallet refuses; a statement.
  const packer = await signUp(app, 'Packer');
  await bought(packer, 'small');
  await refundByStaff(packer);
  await lookedAt(packer);
  await bought(packer, 'small', { method: 'wechat_pay' });
  await caller(app.stripeUrl).post('/_control/wallet_refunds', { seconds: 60, outcome: 'failed' });
  await refundByStaff(packer);
  await advanceDays(app, 0.1);
  await lookedAt(packer);
  const abroad = await signUp(app, 'Abroad');
  await payPack(abroad, await openPack(abroad, 'small', { currency: 'usd' }));
  await lookedAt(abroad);
  await monthPasses(app, figures);
  await agreeToOverage(app.database, stays.tenantId, { at: app.server.context.clock.now() });
  await draw(stays, 700);
  await billed(stays);
  await settled(app);
  await monthPasses(app, figures);

  await grower.change('pro', 'month');
  for (let month = 0; month < 3; month += 1) await monthPasses(app, figures);

  // What is under way at the end: a payment that fails, and a trial.
  const owes = await tried(app, 'Owes');
  await owes.subscribe('pro', 'month');
  await owes.useCard(FAILING_CARD);
  await monthPasses(app, figures);
  await advanceDays(app, 2);
  const late = await signUp(app, 'Late');
  await late.subscribe('team', 'month', '378282246310005');
  await advanceDays(app, 1);
}
