import type Stripe from 'stripe';
import { closeDispute, disputeFellDue, updateDispute } from '../billing/payment/dispute.ts';
import { idOf, idOrNull } from '../kernel/reference.ts';
import { resource } from './resource.ts';
import type { Context } from '../kernel/types.ts';

export const disputes = resource({
  kind: 'dispute',
  path: '/v1/disputes',
  references: { charge: 'charge', payment_intent: 'payment_intent' },
  indexes: {
    charge: ({ charge }) => idOf(charge),
    payment_intent: ({ payment_intent }) => idOrNull(payment_intent),
  },
  list: {
    charge: (dispute, charge: string) => idOf(dispute.charge) === charge,
    payment_intent: (dispute, intent: string) => idOrNull(dispute.payment_intent) === intent,
  },
  update: (ctx: Context, before, params: Stripe.DisputeUpdateParams) =>
    updateDispute(onClock(ctx, before), before, params),
  actions: [
    { name: 'close', handle: (ctx, dispute) => closeDispute(onClock(ctx, dispute), dispute) },
  ],
  due: { 'dispute.due': disputeFellDue },
});

function onClock(ctx: Context, { charge }: Stripe.Dispute): Context {
  const customer = idOrNull(ctx.store.get('charge', idOf(charge)).customer);
  return ctx.onClock(idOrNull(ctx.store.find('customer', customer ?? '')?.test_clock));
}
