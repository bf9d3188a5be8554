import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type Stripe from 'stripe';
import type {
  PaymentView,
  PlansView,
  SessionView,
  SubscriptionView,
} from '../../src/domain/api.ts';
import { caller, type Answer, type Caller } from '../support/http.ts';
import { PASSWORD, speaker } from './speaker.ts';
import type { World } from './world.ts';

export type Slot = 'pro_month' | 'pro_year' | 'team_month';

/** The owner of a tenant: acts over HTTP alone, and staff act on what is theirs at Stripe. */
export class Person {
  readonly world: World;
  readonly api: Caller;
  /** The address of the process that they speak to. */
  readonly url: string;
  readonly session: SessionView;
  readonly prices: Record<Slot, string>;

  constructor(world: World, session: SessionView, prices: Record<Slot, string>, process = 0) {
    this.world = world;
    this.session = session;
    this.prices = prices;
    this.url = world.apps[process]!.url;
    this.api = speaker(this.url, session.user.email, session.accessToken);
  }

  /** The same person, speaking to another process of the product. */
  through(process: number): Person {
    return new Person(this.world, this.session, this.prices, process);
  }

  static async register(world: World): Promise<Person> {
    const open = caller(world.app.url);
    const session = await untilServed('register', 201, () =>
      open.post<SessionView>('/api/auth/register', {
        email: `${randomUUID()}@example.com`,
        password: PASSWORD,
        tenantName: 'Round table',
      }),
    );
    return new Person(world, session, await readPrices(open));
  }

  get tenantId(): string {
    return this.session.tenant.id;
  }

  async customerId(): Promise<string | null> {
    const { rows } = await this.world.pool.query<{ stripe_customer_id: string | null }>(
      'select stripe_customer_id from tenants where id = $1',
      [this.tenantId],
    );
    return rows[0]?.stripe_customer_id ?? null;
  }

  async customer(): Promise<string> {
    return (await this.customerId()) ?? '';
  }

  /** Opens a Checkout and pays there; `sync` or Stripe's events tell the product. */
  async buy(slot: Slot, card = '4242424242424242'): Promise<void> {
    const answer = await this.api.post<{ checkoutUrl: string }>('/api/subscription/checkout', {
      priceId: this.prices[slot],
    });
    if (answer.status !== 200) throw new Error(`checkout answered ${describe(answer)}`);
    await this.pay(answer.body.checkoutUrl, card);
  }

  /** Pays on the hosted page, as far as that is still open. */
  async pay(checkoutUrl: string, card = '4242424242424242'): Promise<void> {
    const id = new URL(checkoutUrl).pathname.split('/').at(-1)!;
    await this.world.control.post(`/_control/checkout_sessions/${id}/complete`, { card });
  }

  async sync(): Promise<void> {
    await this.api.post('/api/subscription/sync');
  }

  async mustPost(path: string, body: object = {}): Promise<void> {
    const answer = await this.api.post(`/api/subscription/${path}`, body);
    if (answer.status !== 200) throw new Error(`${path} answered ${describe(answer)}`);
  }

  /** Their newest subscription at Stripe that is not over. */
  async subscription(): Promise<Stripe.Subscription> {
    const customer = await this.customer();
    const { data } = await this.world.stripe.subscriptions.list({ customer, limit: 5 });
    if (!data[0]) throw new Error('There is no live subscription at Stripe.');
    return data[0];
  }

  /** From now on every charge is tried on another card. */
  async useCard(card: string): Promise<void> {
    const { stripe } = this.world;
    const method = await stripe.paymentMethods.attach(card, { customer: await this.customer() });
    const { id } = await this.subscription();
    await stripe.subscriptions.update(id, { default_payment_method: method.id });
  }

  /** The page as they see it; the status alone when it does not come. */
  async page(): Promise<{ status: number; subscription: SubscriptionView | null }> {
    const { status, body } = await this.api.get<{ subscription: SubscriptionView }>(
      '/api/subscription',
    );
    return { status, subscription: status === 200 ? body.subscription : null };
  }

  async payments(): Promise<PaymentView[]> {
    const { body } = await this.api.get<{ payments?: PaymentView[] }>('/api/subscription/payments');
    return body.payments ?? [];
  }
}

export function describe({ status, body }: Answer<unknown>): string {
  return `${status} ${JSON.stringify(body).slice(0, 300)}`;
}

/** As a page does it: what is away for a moment (503) is asked for again, a few times. */
async function untilServed<T>(
  what: string,
  expected: number,
  ask: () => Promise<Answer<T>>,
): Promise<T> {
  for (let left = 9; ; left -= 1) {
    const answer = await ask();
    if (answer.status === expected) return answer.body;
    if (answer.status !== 503 || left === 0)
      throw new Error(`${what} answered ${describe(answer)}`);
    await pause(1000);
  }
}

async function readPrices(open: Caller): Promise<Record<Slot, string>> {
  const body = await untilServed('plans', 200, () => open.get<PlansView>('/api/plans'));
  const find = (plan: string, interval: string) =>
    body.plans.find((one) => one.plan === plan)?.prices.find((price) => price.interval === interval)
      ?.priceId ?? '';
  return {
    pro_month: find('pro', 'month'),
    pro_year: find('pro', 'year'),
    team_month: find('team', 'month'),
  };
}
