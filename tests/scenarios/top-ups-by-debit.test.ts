import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TenantId, UserId } from '../../src/domain/ids.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import type { Customer } from '../support/customer.ts';
import { caller } from '../support/http.ts';
import { mailsTo, outOfPocket } from '../support/money-back.ts';
import { balance } from '../support/packs.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { openStripeProxy, type StripeProxy } from '../support/stripe-proxy.ts';
import { agreed, bySelf, putTopUp, topUpOf, want } from '../support/top-ups.ts';

let app: TestApp;
let proxy: StripeProxy;
/** The one process that looks; what was declined is under way in the answers that it has. */
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

type Json = Record<string, unknown>;

/** As Stripe says it of a bank's debit: the invoice is open and tried, its intent `processing`. */
function underWay(text: string): string {
  return JSON.stringify(
    JSON.parse(text, (_key, value: Json | null) => {
      const isTried = value?.object === 'payment_intent' && !!value.last_payment_error;
      return isTried ? { ...value, status: 'processing', last_payment_error: null } : value;
    }),
  );
}

/** A top-up that the task has begun, and that nobody has looked at. */
async function wanted({ tenantId }: Customer): Promise<string> {
  const now = app.server.context.clock.now();
  const { rows } = await app.database.pool.query<{ id: string }>(
    `insert into credit_purchases (tenant_id, user_id, trigger, state, pack_id, pack_version, credits, bonus,
       valid_days, amount_minor, currency, stripe_customer_id, stripe_price_id, locale, created_at, expires_at)
     select tenant_id, user_id, 'auto', 'wanted', pack_id, pack_version, credits, bonus, valid_days,
       amount_minor, currency, stripe_customer_id, stripe_price_id, locale, $2::timestamptz, $2::timestamptz + interval '1 hour'
     from credit_purchases where tenant_id = $1 returning id`,
    [tenantId, now],
  );
  return rows[0]!.id;
}

test.each([
  ['comes', 'granted', 60, 600, null, ['top_up_bought']],
  ['does not come', 'failed', 0, 0, 'declined', ['top_up_paused']],
] as const)(
  '12.41 a bank’s debit is under way for days, and then the money %s',
  async (what, state, credits, paid, paused, mails) => {
    const customer = await agreed(app, 'pm_card_chargeCustomerFail');
    // Nobody else hears of it.
    await caller(app.stripeUrl).post('/_control/chaos', { drop: 1 });
    proxy.rewrites = ({ path }, text) =>
      path.startsWith('/v1/invoices') ? underWay(text) : undefined;
    const { purchases } = looker.context.services;
    const requester = {
      userId: customer.session.user.id as UserId,
      tenantId: customer.tenantId as TenantId,
      role: 'owner',
    } as const;
    const id = await wanted(customer);
    for (const _again of [1, 2]) await purchases.sync(requester, id);
    await want(app);
    expect(await bySelf(customer)).toMatchObject([{ id, state: 'processing' }]);
    const open = { purchaseId: id, confirmUrl: null };
    expect(await topUpOf(customer)).toMatchObject({ paused: null, waits: null, open });
    expect(await balance(customer)).toBe(0);
    const { rows } = await app.database.pool.query<{ id: string }>(
      'select stripe_invoice_id as id from credit_purchases where id = $1',
      [id],
    );
    const invoice = `invoices/${rows[0]!.id}`;
    expect(await customer.atStripe(invoice)).toMatchObject({ status: 'open', attempt_count: 1 });
    if (what === 'comes')
      await customer.atStripe(`${invoice}/pay`, { payment_method: 'pm_card_visa' });
    else proxy.rewrites = () => undefined;
    for (const _again of [1, 2]) await purchases.sync(requester, id);
    expect(await bySelf(customer)).toMatchObject([{ id: id, state }]);
    expect(await balance(customer)).toBe(credits);
    expect(await outOfPocket(customer)).toBe(paid);
    expect(await topUpOf(customer)).toMatchObject({ paused, open: null });
    const its = (await mailsTo(customer)).filter((kind) => kind.startsWith('top_up_'));
    expect(its).toEqual(mails);
    await putTopUp(customer, { enabled: false });
  },
);
