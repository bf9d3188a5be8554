import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { TestApp } from '../support/app.ts';
import { GOOD_CARD, settled, signUp, type Customer } from '../support/customer.ts';
import { caller, type Answer } from '../support/http.ts';
import { startOverTestAccount, type TestAccount } from './test-account.ts';

/** For so long everybody asks as fast as they can; the long form is half a minute. */
const SECONDS = Number(process.env.STRIPE_RATE_COUNT ?? 5);
/** What Stripe takes in a second with test keys. */
const STRIPE_TAKES = 25;
/** What one tenant may ask for in a minute, as it is set unless told. */
const A_MINUTE = 10;
/** A wish is so many calls at most, with those of the events that follow it. */
const CALLS_OF_A_WISH = 18;
/** In a crowd. */
const PEOPLE = SECONDS > 10 ? 8 : 3;
/** Beside all of that an event is worked on within so long. */
const EVENT_WITHIN_MS = 5_000;

vi.setConfig({ testTimeout: 120_000 + SECONDS * 3_000 });

let account: TestAccount;
let product: TestApp;
let team: string;
/** When each call came. */
let arrived: number[] = [];
let tooMany = 0;

beforeAll(async () => {
  account = await startOverTestAccount(2);
  const { stripe, database, urls, proxy } = account;
  product = { url: urls[0]!, stripeUrl: stripe.url, localStripe: stripe, database } as TestApp;
  proxy.guard = () => {
    const now = performance.now();
    arrived.push(now);
    if (callsSince(now - 1_000) <= STRIPE_TAKES) return undefined;
    tooMany += 1;
    return 429;
  };
});
afterAll(async () => account?.stop());

function callsSince(instant: number): number {
  let count = 0;
  for (let at = arrived.length - 1; at >= 0 && arrived[at]! > instant; at -= 1) count += 1;
  return count;
}

const pause = (milliseconds: number) =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

/** As a page does that is told when to come again. */
async function patiently(call: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await call();
    if (answer.body['code'] !== 'busy') return answer;
    await pause(Number(answer.headers.get('retry-after')) * 1_000);
  }
}

async function subscribed(): Promise<Customer> {
  const customer = await signUp(product);
  const priceId = await customer.priceOf('pro', 'month');
  const { body } = await patiently(() =>
    customer.api.post('/api/subscription/checkout', { priceId }),
  );
  const session = new URL(String(body['checkoutUrl'])).pathname.split('/').at(-1)!;
  await customer.pay(session, GOOD_CARD);
  team ??= await customer.priceOf('team', 'month');
  return customer;
}

/** From the next minute on nothing counts that was asked for before. */
async function forget(): Promise<void> {
  await settled(product);
  await account.database.pool.query(`update rate_limits set expire = 0, points = 0`);
  await pause(1_500);
  arrived = [];
  tooMany = 0;
}

type Wish = [path: string, body: object];

/** Asks for one after the other, without a rest, at each of the processes. */
async function hammer(
  { session }: Customer,
  wishes: Wish[],
  told: Map<string, number>,
): Promise<void> {
  const until = performance.now() + SECONDS * 1_000;
  for (let n = 0; performance.now() < until; n += 1) {
    const api = caller(account.urls[n % account.urls.length]!, session.accessToken);
    const { status, body } = await api.post(...wishes[n % wishes.length]!);
    const said = `${status} ${String(body['code'] ?? '')}`.trim();
    told.set(said, (told.get(said) ?? 0) + 1);
  }
}

/** Changes a customer at Stripe once a second; answers how long each event waited for its end, in ms. */
async function eventsOf(customer: Customer, until: Promise<unknown>): Promise<number[]> {
  const id = await customer.customerId();
  let isOver = false;
  void until.finally(() => (isOver = true));
  const begun = new Date();
  for (let n = 0; !isOver; n += 1) {
    await customer.atStripe(`customers/${id}`, { name: `Name ${n}` });
    await pause(1_000);
  }
  await settled(product);
  const { rows } = await account.database.pool.query<{ waited: number }>(
    `select extract(epoch from processed_at - received_at)::float8 * 1000 as waited
     from stripe_events where stripe_customer_id = $1 and received_at > $2`,
    [id, begun],
  );
  return rows.map(({ waited }) => waited);
}

const LOOKS = (priceId: string): Wish[] => [
  ['/api/subscription/preview', { priceId }],
  ['/api/subscription/portal', {}],
  ['/api/subscription/sync', {}],
  ['/api/credits/checkout', { packId: 'small' }],
];

const CHANGES = (priceId: string): Wish[] => [
  ['/api/subscription/checkout', { priceId }],
  ['/api/subscription/resume', {}],
  ['/api/subscription/upgrade', { priceId }],
];

/** Beside those who ask: what an event waits for, and what Stripe was asked for in all. */
async function assertRoomLeft(waited: number[]): Promise<void> {
  expect(waited.length).toBeGreaterThan(1);
  expect(Math.max(...waited), waited.join(' ')).toBeLessThan(EVENT_WITHIN_MS);
  const tookSeconds = (arrived.at(-1)! - arrived[0]!) / 1_000;
  expect(arrived.length / (tookSeconds + 1)).toBeLessThan(STRIPE_TAKES);
  // What comes together now and then is asked again, and nobody is told of it.
  expect(tooMany).toBeLessThan(arrived.length / 10);
}

/** Served, refused for what it is, or for how often: never for a Stripe that was asked too much. */
const ANSWERS = /^(200|409 \w+|429 rate_limited|503 busy)$/;

test('10.17 one account that asks as fast as it can has its ten a minute, and nobody else notices', async () => {
  const [greedy, other] = [await subscribed(), await subscribed()];
  const quiet = await signUp(product);
  const priceId = await quiet.priceOf('pro', 'month');
  await forget();
  const told = new Map<string, number>();
  const wishes = [...LOOKS(team), ...CHANGES(team)];
  const all = Promise.all(
    wishes.map((_, n) => hammer(greedy, [...wishes.slice(n), ...wishes.slice(0, n)], told)),
  );
  const events = eventsOf(other, all);
  const begun = performance.now();
  const bought = await patiently(() => quiet.api.post('/api/subscription/checkout', { priceId }));
  expect(bought.status, JSON.stringify(bought.body)).toBe(200);
  expect(performance.now() - begun).toBeLessThan(15_000);
  await all;
  const story = JSON.stringify([...told]);
  for (const said of told.keys()) expect(said, story).toMatch(ANSWERS);
  let served = 0;
  for (const [said, times] of told) if (!/ (rate_limited|busy)$/.test(said)) served += times;
  expect(served, story).toBeGreaterThan(0);
  expect(served, story).toBeLessThanOrEqual(A_MINUTE * Math.ceil(SECONDS / 60));
  expect(told.get('429 rate_limited'), story).toBeGreaterThan(0);
  await assertRoomLeft(await events);
  expect(arrived.length).toBeLessThan((served + 1) * CALLS_OF_A_WISH + SECONDS * CALLS_OF_A_WISH);
});

test('10.17 a crowd of accounts leaves webhooks and worker their part of what Stripe takes', async () => {
  const other = await subscribed();
  const crowd: Customer[] = [];
  for (let n = 0; n < PEOPLE; n += 1) crowd.push(await subscribed());
  for (const wishes of [LOOKS(team), CHANGES(team)]) {
    await forget();
    const told = new Map<string, number>();
    const all = Promise.all(crowd.map((one) => hammer(one, wishes, told)));
    const events = eventsOf(other, all);
    await all;
    const story = JSON.stringify([...told]);
    for (const said of told.keys()) expect(said, story).toMatch(ANSWERS);
    await assertRoomLeft(await events);
  }
  // Who leaves is refused by nobody, and comes one after the other.
  await forget();
  const leaving = Promise.all(
    crowd.slice(0, 5).map((one) => one.api.post('/api/subscription/cancel')),
  );
  const events = eventsOf(other, leaving);
  for (const { status, body } of await leaving) expect(status, JSON.stringify(body)).toBe(200);
  await assertRoomLeft(await events);
});
