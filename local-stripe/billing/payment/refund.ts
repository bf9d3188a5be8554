import type Stripe from 'stripe';
import { invalidRequest, missingParam, noSuch } from '../../kernel/errors.ts';
import { mergeMetadata } from '../../kernel/metadata.ts';
import { idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { billingSettings } from '../settings.ts';
import { findTestCard } from './behavior.ts';
import { recordBalance } from './booking.ts';
import { isWallet, wallets } from './wallets.ts';

/** A bank that takes its time, for the test cards that show it. */
const bankSeconds = 3600;
/** A card's network gives the number that the refund is traced by on one of the next days. */
const referenceSeconds = 86_400;

/** Gives money back, at most what is left of the charge. Invoice and subscription stay as they are. */
export function createRefund(ctx: Context, params: Stripe.RefundCreateParams): Stripe.Refund {
  const charge = chargeOf(ctx, params);
  const left = charge.amount_captured - charge.amount_refunded;
  const amount = params.amount ?? left;
  assertRefundable(charge, amount, left);
  assertStillRefundable(ctx, charge);
  const { isPending, settlesIn, isRefused } = manner(ctx, charge);
  const id = ctx.newId('re');
  const refund = ctx.store.put('refund', {
    id,
    object: 'refund',
    amount,
    balance_transaction: recordBalance(ctx, {
      amount: -amount,
      currency: charge.currency,
      source: id,
      type: 'refund',
    }),
    charge: charge.id,
    created: ctx.now,
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    destination_details: destinationOf(charge),
    metadata: mergeMetadata({}, params.metadata),
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    ...(isPending ? { pending_reason: 'processing' as const } : {}),
    reason: params.reason ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: isPending ? 'pending' : 'succeeded',
    transfer_reversal: null,
  });
  ctx.emit('refund.created', refund);
  const after = giveBack(ctx, charge, amount);
  ctx.emit('charge.refunded', after, previousOf(charge));
  ctx.emit('refund.updated', refund);
  ctx.emit('charge.refund.updated', refund);
  if (settlesIn !== null) {
    ctx.schedule(ctx.now + settlesIn, isRefused ? 'refund.refused' : 'refund.bank', id);
  }
  if (refund.destination_details?.card)
    ctx.schedule(ctx.now + referenceSeconds, 'refund.referenced', id);
  return refund;
}

/** Whether money goes back at once, when it is heard of again (null: not at all), and whether badly. */
function manner(
  ctx: Context,
  charge: Stripe.Charge,
): { isPending: boolean; settlesIn: number | null; isRefused: boolean } {
  const type = charge.payment_method_details?.type ?? 'card';
  if (isWallet(type)) {
    const { seconds, outcome } = billingSettings(ctx.store).walletRefunds;
    const settlesIn = seconds ?? wallets[type].refundSeconds;
    return { isPending: true, settlesIn, isRefused: outcome === 'failed' };
  }
  const behavior = findTestCard(ctx, charge.payment_method!)?.refund;
  return {
    isPending: behavior === 'pending_first',
    settlesIn: behavior === undefined ? null : bankSeconds,
    isRefused: behavior === 'fails_later',
  };
}

/** A card's network has to give the reference first. */
function destinationOf(charge: Stripe.Charge): Stripe.Refund.DestinationDetails {
  const type = charge.payment_method_details?.type ?? 'card';
  if (isWallet(type)) return { [type]: {}, type };
  return {
    card: {
      reference_status: 'pending',
      reference_type: 'acquirer_reference_number',
      type: 'refund',
    },
    type: 'card',
  };
}

/** Wallets give money back for a while only. */
function assertStillRefundable(ctx: Context, charge: Stripe.Charge): void {
  const type = charge.payment_method_details?.type ?? 'card';
  if (!isWallet(type)) return;
  const { name, refundDays } = wallets[type];
  if (ctx.now <= charge.created + refundDays * 86_400) return;
  throw invalidRequest(
    `Charge ${charge.id} can no longer be refunded: ${name} payments can be refunded within ${refundDays} days of the charge.`,
    'charge',
    'charge_not_refundable',
  );
}

/** The bank or the wallet has given back what was pending. */
export function bankAnswered(ctx: Context, id: string): void {
  const refund = ctx.store.find('refund', id);
  if (refund?.status !== 'pending') return;
  const { pending_reason: _reason, ...settled } = refund;
  const after = ctx.store.put('refund', { ...settled, status: 'succeeded' });
  ctx.emit('refund.updated', after, { status: 'pending' });
  ctx.emit('charge.refund.updated', after, { status: 'pending' });
}

/** The bank or the wallet could not give it back: the money is ours again. */
export function refundRefused(ctx: Context, id: string): void {
  const refund = ctx.store.find('refund', id);
  if (refund?.status !== 'pending' && refund?.status !== 'succeeded') return;
  const charge = ctx.store.get('charge', idOrNull(refund.charge)!);
  const { pending_reason: _reason, ...rest } = refund;
  const failed = ctx.store.put('refund', {
    ...rest,
    status: 'failed',
    failure_reason: refund.status === 'pending' ? 'declined' : 'expired_or_canceled_card',
    failure_balance_transaction: returned(ctx, refund),
  });
  giveBack(ctx, charge, -refund.amount);
  ctx.emit('refund.failed', failed);
  ctx.emit('charge.refund.updated', failed, { status: refund.status });
}

/** The network has given its reference for a refund that stands. */
export function refundReferenced(ctx: Context, id: string): void {
  const refund = ctx.store.find('refund', id);
  if (refund?.destination_details?.card === undefined || refund.status !== 'succeeded') return;
  const card = { ...refund.destination_details.card };
  const referenced: typeof card = {
    ...card,
    reference: ctx.newDigits(23),
    reference_status: 'available',
  };
  const destination_details = { ...refund.destination_details, card: referenced };
  const before = { destination_details: { card: { reference_status: card.reference_status } } };
  const after = ctx.store.put('refund', { ...refund, destination_details });
  ctx.emit('refund.updated', after, before);
  ctx.emit('charge.refund.updated', after, before);
}

/** Called off before the bank had done it: the money stays where it was. */
export function cancelRefund(ctx: Context, before: Stripe.Refund): Stripe.Refund {
  const { pending_reason: _reason, ...rest } = before;
  for (const kind of ['refund.bank', 'refund.refused']) ctx.unschedule(kind, before.id);
  const canceled = ctx.store.put('refund', {
    ...rest,
    status: 'canceled',
    failure_balance_transaction: returned(ctx, before),
  });
  giveBack(ctx, ctx.store.get('charge', idOrNull(before.charge)!), -before.amount);
  ctx.emit('refund.updated', canceled, { status: before.status });
  ctx.emit('charge.refund.updated', canceled, { status: before.status });
  return canceled;
}

/** The booking by which the money of a refund comes back. */
function returned(ctx: Context, { amount, currency, id }: Stripe.Refund): string {
  return recordBalance(ctx, { amount, currency, source: id, type: 'refund_failure' });
}

function giveBack(ctx: Context, charge: Stripe.Charge, amount: number): Stripe.Charge {
  const amount_refunded = charge.amount_refunded + amount;
  const refunded = amount_refunded === charge.amount_captured;
  return ctx.store.put('charge', { ...charge, amount_refunded, refunded });
}

function previousOf({ amount_refunded, refunded }: Stripe.Charge): Record<string, unknown> {
  return { amount_refunded, ...(refunded ? {} : { refunded }) };
}

function chargeOf(ctx: Context, params: Stripe.RefundCreateParams): Stripe.Charge {
  const { charge: chargeId, payment_intent: intentId } = params;
  if (chargeId === undefined && intentId === undefined) throw missingParam('payment_intent');
  if (chargeId !== undefined && intentId !== undefined) {
    throw invalidRequest(
      'You may only specify one of these parameters: charge, payment_intent.',
      'charge',
    );
  }
  if (chargeId !== undefined) {
    const charge = ctx.store.find('charge', chargeId);
    if (charge === undefined) throw noSuch('charge', chargeId, 'charge');
    return charge;
  }
  const intent = ctx.store.find('payment_intent', intentId!);
  if (intent === undefined) throw noSuch('payment_intent', intentId!, 'payment_intent');
  const latest = idOrNull(intent.latest_charge);
  if (latest === null) {
    throw invalidRequest(
      `This PaymentIntent (${intent.id}) does not have a successful charge to refund.`,
      'payment_intent',
    );
  }
  return ctx.store.get('charge', latest);
}

function assertRefundable(charge: Stripe.Charge, amount: number, left: number): void {
  if (!charge.captured) {
    throw invalidRequest(
      `Charge ${charge.id} has not been captured, so nothing can be refunded.`,
      'charge',
      'charge_not_refundable',
    );
  }
  if (left === 0) {
    throw invalidRequest(
      `Charge ${charge.id} has already been refunded.`,
      undefined,
      'charge_already_refunded',
    );
  }
  if (amount < 1) {
    throw invalidRequest('Invalid positive integer', 'amount', 'parameter_invalid_integer');
  }
  if (amount > left) {
    throw invalidRequest(
      `Refund amount (${amount}) is greater than unrefunded amount on charge (${left}).`,
      'amount',
    );
  }
}
