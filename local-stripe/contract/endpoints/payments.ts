import type Stripe from 'stripe';
import type { CallsOf } from './calls.ts';
import { eventually } from '../support/world.ts';
import type { World } from '../support/world.ts';

const intent = (world: World, params: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  world.stripe.paymentIntents.create({
    amount: 1000,
    currency: 'usd',
    customer: world.customer.id,
    ...params,
  });
const confirm = { confirm: true, return_url: 'https://example.com/return' };
const paid = (world: World, card = world.card) =>
  intent(world, { ...confirm, payment_method: card });
const charge = async (world: World) => (await paid(world)).latest_charge as string;
const refund = async (world: World) =>
  world.stripe.refunds.create({ payment_intent: (await paid(world)).id, amount: 300 });
const setup = ({ stripe, customer }: World) =>
  stripe.setupIntents.create({ customer: customer.id });
const method = ({ stripe }: World) =>
  stripe.paymentMethods.create({ type: 'card', card: { token: 'tok_visa' } });
const transaction = async (world: World) => (await refund(world)).balance_transaction as string;

/** A charge that its owner's bank disputes at once, and the dispute. */
async function dispute(world: World): Promise<Stripe.Dispute> {
  const { id } = await intent(world, { ...confirm, payment_method: 'pm_card_createDispute' });
  return eventually(world, async () => {
    return (await world.stripe.disputes.list({ payment_intent: id })).data[0];
  });
}

type Paths =
  | 'payment_intents'
  | 'setup_intents'
  | 'payment_methods'
  | 'charges'
  | 'refunds'
  | 'disputes'
  | 'balance_transactions';

export const paymentCalls: CallsOf<Paths> = {
  'POST /v1/payment_intents': (world) => paid(world),
  'GET /v1/payment_intents': ({ stripe, customer }) =>
    stripe.paymentIntents.list({ customer: customer.id, expand: ['data.latest_charge'] }),
  'GET /v1/payment_intents/search': ({ stripe }) =>
    stripe.paymentIntents.search({ query: 'amount>999' }),
  'GET /v1/payment_intents/:id': async (world) =>
    world.stripe.paymentIntents.retrieve((await paid(world)).id, {
      expand: ['latest_charge', 'customer', 'payment_method'],
    }),
  'POST /v1/payment_intents/:id': async (world) =>
    world.stripe.paymentIntents.update((await intent(world)).id, { amount: 2000 }),
  'POST /v1/payment_intents/:id/cancel': async (world) =>
    world.stripe.paymentIntents.cancel((await intent(world)).id),
  'POST /v1/payment_intents/:id/capture': async (world) => {
    const { id } = await intent(world, {
      ...confirm,
      payment_method: world.card,
      capture_method: 'manual',
    });
    return world.stripe.paymentIntents.capture(id);
  },
  'POST /v1/payment_intents/:id/confirm': async (world) =>
    world.stripe.paymentIntents.confirm((await intent(world)).id, {
      payment_method: world.card,
      return_url: 'https://example.com/return',
    }),
  'POST /v1/setup_intents': setup,
  'GET /v1/setup_intents': ({ stripe, customer }) =>
    stripe.setupIntents.list({ customer: customer.id }),
  'GET /v1/setup_intents/:id': async (world) =>
    world.stripe.setupIntents.retrieve((await setup(world)).id),
  'POST /v1/setup_intents/:id': async (world) =>
    world.stripe.setupIntents.update((await setup(world)).id, { metadata: { a: '1' } }),
  'POST /v1/setup_intents/:id/cancel': async (world) =>
    world.stripe.setupIntents.cancel((await setup(world)).id),
  'POST /v1/setup_intents/:id/confirm': async (world) =>
    world.stripe.setupIntents.confirm((await setup(world)).id, {
      payment_method: 'pm_card_visa',
      return_url: 'https://example.com/return',
    }),
  'POST /v1/payment_methods': method,
  'GET /v1/payment_methods': ({ stripe, customer }) =>
    stripe.paymentMethods.list({ customer: customer.id, type: 'card' }),
  'GET /v1/payment_methods/:id': (world) => world.stripe.paymentMethods.retrieve(world.card),
  'POST /v1/payment_methods/:id': (world) =>
    world.stripe.paymentMethods.update(world.card, { metadata: { a: '1' } }),
  'POST /v1/payment_methods/:id/attach': ({ stripe, customer }) =>
    stripe.paymentMethods.attach('pm_card_mastercard', { customer: customer.id }),
  'POST /v1/payment_methods/:id/detach': async ({ stripe, customer }) => {
    const { id } = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
    return stripe.paymentMethods.detach(id);
  },
  'GET /v1/balance_transactions': ({ stripe }) => stripe.balanceTransactions.list({ limit: 3 }),
  'GET /v1/balance_transactions/:id': async (world) =>
    world.stripe.balanceTransactions.retrieve(await transaction(world)),
  'GET /v1/charges': ({ stripe, customer }) =>
    stripe.charges.list({ customer: customer.id, expand: ['data.balance_transaction'] }),
  'GET /v1/charges/search': ({ stripe }) => stripe.charges.search({ query: 'status:"succeeded"' }),
  'GET /v1/charges/:id': async (world) =>
    world.stripe.charges.retrieve(await charge(world), { expand: ['refunds', 'payment_intent'] }),
  'POST /v1/charges/:id': async (world) =>
    world.stripe.charges.update(await charge(world), { description: 'D', metadata: { a: '1' } }),
  'POST /v1/refunds': refund,
  'GET /v1/refunds': ({ stripe }) => stripe.refunds.list({ expand: ['data.charge'] }),
  'GET /v1/refunds/:id': async (world) => world.stripe.refunds.retrieve((await refund(world)).id),
  'POST /v1/refunds/:id': async (world) =>
    world.stripe.refunds.update((await refund(world)).id, { metadata: { a: '1' } }),
  'POST /v1/refunds/:id/cancel': cancelRefund,
  'GET /v1/disputes': ({ stripe }) => stripe.disputes.list(),
  'GET /v1/disputes/:id': async (world) =>
    world.stripe.disputes.retrieve((await dispute(world)).id),
  'POST /v1/disputes/:id': async (world) =>
    world.stripe.disputes.update((await dispute(world)).id, {
      evidence: { uncategorized_text: 'They used it daily' },
      submit: false,
    }),
  'POST /v1/disputes/:id/close': async (world) =>
    world.stripe.disputes.close((await dispute(world)).id),
};

/** Only a refund that waits can be canceled: `pm_card_pendingRefund` makes it wait. */
async function cancelRefund(world: World) {
  const { id } = await intent(world, { ...confirm, payment_method: 'pm_card_pendingRefund' });
  const waiting = await world.stripe.refunds.create({ payment_intent: id });
  return world.stripe.refunds.cancel(waiting.id);
}
