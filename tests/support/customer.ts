import { randomUUID } from 'node:crypto';
import { expect, vi } from 'vitest';
import type {
  PaymentView,
  PlansView,
  SessionView,
  SubscriptionOverview,
  SubscriptionView,
  UpgradeResult,
} from '../../src/domain/api.ts';
import type { Interval, PaidPlan } from '../../src/domain/plans.ts';
import type { TestApp } from './app.ts';
import { caller, type Answer, type Caller } from './http.ts';

export const GOOD_CARD = '4242424242424242';
export const DECLINED_CARD = '4000000000000002';
/** Can be saved, and is declined whenever it is charged. */
export const FAILING_CARD = 'pm_card_chargeCustomerFail';

/** What the stories look at of a subscription at Stripe. */
export interface SubscriptionAtStripe {
  id: string;
  status: string;
  schedule: string | null;
  items: {
    data: { id: string; current_period_end: number; price: { id: string; lookup_key: string } }[];
  };
}

/** Somebody with an account, acting over HTTP alone. */
export class Customer {
  readonly app: TestApp;
  readonly api: Caller;
  readonly session: SessionView;
  readonly stripe: Caller;

  constructor(app: TestApp, session: SessionView) {
    this.app = app;
    this.session = session;
    this.api = caller(app.url, session.accessToken);
    this.stripe = caller(app.stripeUrl);
  }

  get tenantId(): string {
    return this.session.tenant.id;
  }

  async overview(): Promise<SubscriptionOverview> {
    const answer = await this.api.get<SubscriptionOverview>('/api/subscription');
    expect(answer.status).toBe(200);
    return answer.body;
  }

  async subscription(): Promise<SubscriptionView> {
    return (await this.overview()).subscription;
  }

  async sync(): Promise<SubscriptionView> {
    const answer = await this.api.post<{ subscription: SubscriptionView }>(
      '/api/subscription/sync',
    );
    expect(answer.status).toBe(200);
    return answer.body.subscription;
  }

  async payments(): Promise<PaymentView[]> {
    const answer = await this.api.get<{ payments: PaymentView[] }>('/api/subscription/payments');
    expect(answer.status).toBe(200);
    return answer.body.payments;
  }

  async priceOf(plan: PaidPlan, interval: Interval): Promise<string> {
    const { body } = await this.api.get<PlansView>('/api/plans');
    const prices = body.plans.find((one) => one.plan === plan)?.prices ?? [];
    return prices.find((one) => one.interval === interval)!.priceId;
  }

  async openCheckout(plan: PaidPlan, interval: Interval): Promise<Answer<{ checkoutUrl: string }>> {
    const priceId = await this.priceOf(plan, interval);
    return this.api.post('/api/subscription/checkout', { priceId });
  }

  /** Opens a Checkout and answers its session's id. */
  async checkout(plan: PaidPlan, interval: Interval): Promise<string> {
    const answer = await this.openCheckout(plan, interval);
    expect(answer).toMatchObject({ status: 200, body: { checkoutUrl: expect.any(String) } });
    return new URL(answer.body.checkoutUrl).pathname.split('/').at(-1)!;
  }

  /** Pays on the hosted page. */
  async pay(
    sessionId: string,
    card: string,
  ): Promise<{ status: string; paymentStatus: string; error?: { code: string } }> {
    const path = `/_control/checkout_sessions/${sessionId}/complete`;
    const answer = await this.stripe.post<never>(path, { card });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body;
  }

  /** Buys, pays, and waits until the webhook has done its work. */
  async subscribe(plan: PaidPlan, interval: Interval, card = GOOD_CARD): Promise<SubscriptionView> {
    await this.pay(await this.checkout(plan, interval), card);
    await settled(this.app);
    return this.subscription();
  }

  async change(
    plan: PaidPlan,
    interval: Interval,
    extra: object = {},
  ): Promise<Answer<UpgradeResult>> {
    const priceId = await this.priceOf(plan, interval);
    const answer = await this.api.post<UpgradeResult>('/api/subscription/upgrade', {
      priceId,
      ...extra,
    });
    await settled(this.app);
    return answer;
  }

  /** Asks Stripe itself, as its Dashboard would. */
  async atStripe<T = Record<string, unknown>>(
    path: string,
    form?: Record<string, string>,
  ): Promise<T> {
    const response = await fetch(`${this.app.stripeUrl}/v1/${path}`, {
      method: form ? 'POST' : 'GET',
      headers: { Authorization: 'Bearer sk_test_squaretable' },
      ...(form ? { body: new URLSearchParams(form) } : {}),
    });
    const body = (await response.json()) as T;
    expect(response.status, JSON.stringify(body)).toBe(200);
    return body;
  }

  /** The customer's id at Stripe. */
  async customerId(): Promise<string> {
    const { rows } = await this.app.database.pool.query<{ stripe_customer_id: string }>(
      'select stripe_customer_id from tenants where id = $1',
      [this.tenantId],
    );
    return rows[0]!.stripe_customer_id;
  }

  /** The customer's subscriptions as Stripe has them, ended ones too. */
  async subscriptionsAtStripe(): Promise<SubscriptionAtStripe[]> {
    const customer = await this.customerId();
    const list = await this.atStripe<{ data: SubscriptionAtStripe[] }>(
      `subscriptions?customer=${customer}&status=all`,
    );
    return list.data;
  }

  /** From now on every charge is tried on another card: one that Stripe declines, say. */
  async useCard(card: string): Promise<void> {
    const customer = await this.customerId();
    const { id } = await this.atStripe<{ id: string }>(`payment_methods/${card}/attach`, {
      customer,
    });
    const live = (await this.subscriptionsAtStripe()).find((one) => one.status !== 'canceled')!;
    await this.atStripe(`subscriptions/${live.id}`, { default_payment_method: id });
    await settled(this.app);
  }
}

/** Registers somebody new. */
export async function signUp(app: TestApp, tenantName = 'Round table'): Promise<Customer> {
  const answer = await caller(app.url).post<SessionView>('/api/auth/register', {
    email: `${randomUUID()}@example.com`,
    password: 'correct horse battery',
    tenantName,
  });
  expect(answer.status).toBe(201);
  return new Customer(app, answer.body);
}

/**
 * Waits until every webhook is delivered and worked on, and what that orders is done: looks at purchases
 * and statements, remedies, and whatever those make Stripe tell. From here on only the clock, a periodic
 * task or the test itself changes anything.
 */
export async function settled(app: TestApp): Promise<void> {
  await vi.waitFor(
    async () => {
      await app.localStripe?.settled();
      const told = newestDelivery(app);
      const { rows } = await app.database.pool.query(ORDERED);
      expect(rows).toEqual([]);
      // What was at work when Stripe had told all it knew may have made it tell more.
      expect(newestDelivery(app)).toBe(told);
    },
    { timeout: 60_000, interval: 20 },
  );
}

const newestDelivery = ({ localStripe }: TestApp) =>
  localStripe?.kernel.store.newestFirst('_delivery').next().value?.id;

/** Events that wait in the inbox, and jobs but those of periodic tasks and of the queue itself. */
const ORDERED = `
  select 'event' as kind, type as name, last_error as error
  from stripe_events where state = 'received'
  union all
  select 'job', name, output::text
  from pgboss.job
  where state in ('created', 'retry', 'active') and not starts_with(name, '__pgboss')
    and name not in (select name from pgboss.schedule)`;

/** Lets time pass, for Stripe and the app, and waits for what that brings. */
export async function advanceDays(app: TestApp, days: number): Promise<void> {
  const answer = await caller(app.stripeUrl).post('/_control/clock', {
    advanceSeconds: Math.round(days * 24 * 3600),
  });
  expect(answer.status).toBe(200);
  await settled(app);
}

/** Time passes up to a date, and a minute more. */
export async function advanceTo(app: TestApp, iso: string): Promise<void> {
  const to = Math.floor(Date.parse(iso) / 1000) + 60;
  expect((await caller(app.stripeUrl).post('/_control/clock', { to })).status).toBe(200);
  await settled(app);
}
