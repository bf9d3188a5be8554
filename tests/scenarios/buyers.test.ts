import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PlansView, UsageStats } from '../../src/domain/api.ts';
import { type Interval, type PaidPlan, type Plan } from '../../src/domain/plans.ts';
import { FIRST_PLANS } from '../support/first-plans.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceTo, GOOD_CARD, settled, signUp, type Customer } from '../support/customer.ts';
import { caller } from '../support/http.ts';

/**
 * Buyers who try to get more than they paid for, over HTTP, against the product and a local Stripe:
 * they go up at the ends of periods and months, plan to go down right after, cancel and buy again,
 * and use up whatever is let through after each of it. What their invoices say was paid bounds it.
 */
const RUNS = Number(process.env.BUYERS_RUNS ?? 1);
const SEED = Number(process.env.BUYERS_SEED ?? 1);
const HOUR_MS = 3600_000;
const limitOf = (plan: Plan) => FIRST_PLANS[plan].limits.messages!;

let app: TestApp;
beforeAll(async () => void (app = await startTestApp({ TRIAL_DAYS: '5' })));
afterAll(async () => app?.stop());

type Action =
  | { do: 'buy' | 'change'; plan: PaidPlan; interval: Interval }
  | { do: 'cancel' | 'leave' | 'resume' }
  | { do: 'wait'; until: 'before the period ends' | 'after it' | 'before the month ends' };

const kind = fc.constantFrom<[PaidPlan, Interval][]>(
  ['pro', 'month'],
  ['pro', 'year'],
  ['team', 'month'],
);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 2,
    arbitrary: kind.map(([plan, interval]) => ({ do: 'buy', plan, interval }) as const),
  },
  {
    weight: 5,
    arbitrary: kind.map(([plan, interval]) => ({ do: 'change', plan, interval }) as const),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Action[]>({ do: 'cancel' }, { do: 'leave' }, { do: 'resume' }),
  },
  {
    weight: 5,
    arbitrary: fc.constantFrom<Action[]>(
      { do: 'wait', until: 'before the period ends' },
      { do: 'wait', until: 'after it' },
      { do: 'wait', until: 'before the month ends' },
    ),
  },
);

const now = () => app.server.context.clock.now();
const moveTo = async (at: Date) => {
  if (at.getTime() > now().getTime() + 2 * 60_000) await advanceTo(app, at.toISOString());
};

/** The end of the period, or of the month for who has none; a renewal is through two hours later. */
async function wait(customer: Customer, until: (Action & { do: 'wait' })['until']): Promise<void> {
  const at = now();
  const monthEnds = Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1);
  const { currentPeriodEnd } = await customer.subscription();
  const periodEnds = Math.min(
    currentPeriodEnd ? Date.parse(currentPeriodEnd) : monthEnds,
    at.getTime() + 40 * 24 * HOUR_MS,
  );
  if (until === 'after it') return moveTo(new Date(periodEnds + 2 * HOUR_MS));
  const end = until === 'before the month ends' ? monthEnds : periodEnds;
  return moveTo(new Date(end - HOUR_MS));
}

/** Any of it may be refused; a refusal is no failure, only a 500 is. */
async function act(customer: Customer, one: Action): Promise<void> {
  const post = (verb: string, body: object = {}) =>
    customer.api.post(`/api/subscription/${verb}`, body);
  if (one.do === 'wait') return wait(customer, one.until);
  if (one.do === 'buy') {
    const { status, body } = await customer.openCheckout(one.plan, one.interval);
    if (status === 200) {
      await customer.pay(new URL(body.checkoutUrl).pathname.split('/').at(-1)!, GOOD_CARD);
    } else expect(status).toBe(409);
  } else {
    const answer =
      one.do === 'change'
        ? await customer.change(one.plan, one.interval)
        : one.do === 'resume'
          ? await post('resume')
          : await post('cancel', { immediately: one.do === 'leave' });
    expect([200, 409]).toContain(answer.status);
  }
  await settled(app);
}

let calls = 0;
/** Uses everything that is left, and tries once more. */
async function useUp(customer: Customer): Promise<void> {
  const { body } = await customer.api.get<UsageStats>('/api/subscription/usage');
  const { remaining } = body.resources.find((one) => one.resourceType === 'messages')!;
  const events = [remaining ?? 0, 1]
    .filter((amount) => amount > 0)
    .map((amount) => ({
      tenantId: customer.tenantId,
      resourceType: 'messages',
      amount,
      idempotencyKey: `buyer-${(calls += 1)}`,
    }));
  const answer = await caller(app.url, app.usageIngestToken).post('/api/usage/events', { events });
  expect(answer.status).toBe(200);
}

interface Line {
  amount: number;
  description: string;
  period: { start: number; end: number };
  pricing: { price_details: { price: string } } | null;
  parent: {
    subscription_item_details?: { proration: boolean } | null;
    invoice_item_details?: { proration: boolean } | null;
  };
}

/** What was paid for, as Stripe's paid invoices say: whole periods, and parts of them. */
async function paidFor(customer: Customer) {
  const plans = new Map<string, Plan>();
  const { body } = await customer.api.get<PlansView>('/api/plans');
  for (const { plan, prices } of body.plans) for (const one of prices) plans.set(one.priceId, plan);
  const { data } = await customer.atStripe<{ data: { lines: { data: Line[] } }[] }>(
    `invoices?customer=${await customer.customerId()}&status=paid&limit=100`,
  );
  return data
    .flatMap((invoice) => invoice.lines.data)
    .filter((line) => line.amount >= 0)
    .map((line) => {
      const { subscription_item_details: item, invoice_item_details: extra } = line.parent;
      const plan = plans.get(line.pricing?.price_details.price ?? '') ?? 'free';
      return { plan, ...line.period, isPart: (item ?? extra)?.proration ?? false };
    });
}

/** The most that a month may have given: the best plan paid whole in it, and the parts beside it. */
function boundOf(period: string, lines: Awaited<ReturnType<typeof paidFor>>): number {
  const [year, month] = period.split('-').map(Number) as [number, number];
  const [from, to] = [Date.UTC(year, month - 1, 1) / 1000, Date.UTC(year, month, 1) / 1000];
  const within = ({ start, end }: { start: number; end: number }) =>
    Math.max(0, Math.min(end, to) - Math.max(start, from));
  const touching = lines.filter((line) => within(line) > 0);
  const whole = touching.filter((line) => !line.isPart).map((line) => limitOf(line.plan));
  const best = Math.max(limitOf('free'), ...whole);
  const parts = touching
    .filter((line) => line.isPart && line.plan === 'team')
    .map((line) => (limitOf('team') - limitOf('pro')) * (within(line) / (to - from)) + 1);
  return Math.min(limitOf('team'), best + parts.reduce((sum, one) => sum + one, 0));
}

async function usedByMonth(customer: Customer): Promise<{ period: string; used: number }[]> {
  const { rows } = await app.database.pool.query<{ period: string; used: string }>(
    `select period, sum(amount) as used from u00.usage
     where tenant_id = $1 and resource_type = 'messages' group by period order by period`,
    [customer.tenantId],
  );
  return rows.map(({ period, used }) => ({ period, used: Number(used) }));
}

async function play(actions: readonly Action[], trial: boolean): Promise<void> {
  const customer = await signUp(app);
  if (!trial) {
    const used = 'update tenants set trial_used_at = now() where id = $1';
    await app.database.pool.query(used, [customer.tenantId]);
  }
  for (const one of actions) {
    await act(customer, one);
    await useUp(customer);
  }
  if (!actions.some((one) => one.do === 'buy')) return;
  const lines = await paidFor(customer);
  for (const { period, used } of await usedByMonth(customer)) {
    expect(used, `${period} of ${JSON.stringify(lines)}`).toBeLessThanOrEqual(
      boundOf(period, lines),
    );
  }
  await act(customer, { do: 'leave' });
}

test('9.17 an hour of Team each month gives an hour’s part each month', async () => {
  const hour: readonly Action[] = [
    { do: 'wait', until: 'before the period ends' },
    { do: 'change', plan: 'team', interval: 'month' },
  ];
  const down: readonly Action[] = [
    { do: 'change', plan: 'pro', interval: 'month' },
    { do: 'wait', until: 'after it' },
  ];
  await play([{ do: 'buy', plan: 'pro', interval: 'month' }, ...hour, ...down, ...hour], false);
});

test(
  '9.17 whatever buyers do, they use no more than their paid invoices give',
  async () => {
    const story = fc.tuple(
      fc.array(action, { minLength: 3, maxLength: RUNS === 1 ? 5 : 10 }),
      fc.boolean(),
    );
    await fc.assert(
      fc.asyncProperty(story, ([actions, trial]) =>
        play([{ do: 'buy', plan: 'pro', interval: 'month' }, ...actions], trial),
      ),
      { numRuns: RUNS, seed: SEED, endOnFailure: RUNS === 1 },
    );
  },
  120_000 * RUNS,
);
