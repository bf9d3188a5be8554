import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { FailureRule } from 'local-stripe';
import { TEMPLATE } from '../support/postgres.global.ts';
import { Person } from './person.ts';
import { World } from './world.ts';

let world: World;
beforeAll(async () => {
  const postgres = { adminUrl: inject('postgresUrl'), template: TEMPLATE };
  world = await World.open({ postgres, env: { STRIPE_TIMEOUT_SECONDS: '30' } });
});
afterAll(async () => world?.close());

const END = { method: 'DELETE', path: '/v1/subscriptions/:id' } as const;
const GIVE_BACK = { method: 'POST', path: '/v1/refunds' } as const;

const KILLS: [string, NonNullable<FailureRule['match']>, 'before' | 'after'][] = [
  ['after the second one ended', END, 'after'],
  ['after the refund', GIVE_BACK, 'after'],
  ['before the second one ended', END, 'before'],
  ['before the refund', GIVE_BACK, 'before'],
];

/** The long form (`FAULTS_COUNT`) has them all; what took effect unheard is the harder half. */
test.each(process.env.FAULTS_COUNT ? KILLS : KILLS.slice(0, 2))(
  '9.13 killed %s: the next start ends it and gives its money back, once',
  async (_name, match, when) => {
    const person = await Person.register(world);
    await person.buy('pro_month');
    await world.settled();
    const customer = await person.customer();
    await world.chaos({ failNext: [{ match: { ...match, customer }, status: 'hang', when }] });
    const { stripe } = world;
    const { data: cards } = await stripe.customers.listPaymentMethods(customer);
    const second = await stripe.subscriptions.create({
      customer,
      items: [{ price: person.prices.team_month }],
      default_payment_method: cards[0]!.id,
    });
    await untilItHangs(customer);
    await world.chaos({ failNext: [] });
    await world.killAndStartAgain();
    await world.converge([1, 5, 9]);
    expect(await stripe.subscriptions.retrieve(second.id)).toMatchObject({ status: 'canceled' });
    const { data: charges } = await stripe.charges.list({ customer });
    expect(
      charges.map((one) => [one.amount, one.amount_refunded]).sort(([a], [b]) => a! - b!),
    ).toEqual([
      [2900, 0],
      [9900, 9900],
    ]);
    const { data: refunds } = await stripe.refunds.list({ limit: 100 });
    const ids = charges.map((one) => one.id);
    expect(refunds.filter((one) => ids.includes(String(one.charge)))).toHaveLength(1);
    const { subscription } = await person.page();
    expect(subscription).toMatchObject({ plan: 'pro', status: 'active' });
    const payments = await person.payments();
    expect(payments.map((one) => one.amountRefundedMinor).sort()).toEqual([0, 9900]);
    const { rows } = await world.pool.query(
      `select kind from mail_outbox where tenant_id = $1 and kind = 'payment_refunded'`,
      [person.tenantId],
    );
    expect(rows).toHaveLength(1);
  },
  120_000,
);

/** Until a call for that customer was met by the rule, which answers nothing. */
async function untilItHangs(customer: string): Promise<void> {
  const { calls } = world.local.kernel;
  const hangs = () =>
    calls.since(0, 100_000).some((one) => one.customer === customer && one.fault !== null);
  while (!hangs()) await pause(20);
}
