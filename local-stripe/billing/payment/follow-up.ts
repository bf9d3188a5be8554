import { atEnd } from '../at-end.ts';
import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';
import { findTestCard } from './behavior.ts';
import { openDispute } from './dispute.ts';

/** Some test cards are there to show what a bank does after a payment that went well. */
export function followTestCard(ctx: Context, charge: Stripe.Charge): void {
  const card = findTestCard(ctx, charge.payment_method!);
  const dispute = card?.dispute;
  if (card?.earlyFraudWarning) warnOfFraud(ctx, charge);
  if (dispute) ctx.atEnd(atEnd.dispute, charge.id, () => openDispute(ctx, charge.id, dispute));
}

function warnOfFraud(ctx: Context, charge: Stripe.Charge): void {
  const warning: Stripe.Radar.EarlyFraudWarning = {
    id: ctx.newId('issfr'),
    object: 'radar.early_fraud_warning',
    actionable: true,
    charge: charge.id,
    created: ctx.now,
    fraud_type: 'misc',
    livemode: false,
    payment_intent: charge.payment_intent as string,
  };
  ctx.store.put('radar.early_fraud_warning', warning);
  ctx.emit('radar.early_fraud_warning.created', warning);
}
