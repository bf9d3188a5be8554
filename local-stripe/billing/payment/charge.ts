import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';
import type { Decline } from '../cards.ts';
import { findTestCard } from './behavior.ts';
import { bookCapture } from './booking.ts';
import { walletOf } from './wallets.ts';
import type { Wallet } from './wallets.ts';

/** Undeclared by the SDK's types, and there all the same. */
const withoutConnect = { destination: null, dispute: null, order: null };

const day = 86_400;

/** A charge of `amount` for this intent: succeeded, or failed with `decline`. Not yet announced. */
export function createCharge(
  ctx: Context,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  decline: Decline | null,
): Stripe.Charge {
  const id = ctx.newId('ch');
  const captured = decline === null && intent.capture_method !== 'manual';
  return ctx.store.put('charge', {
    id,
    object: 'charge',
    amount: intent.amount,
    amount_captured: captured ? intent.amount : 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: captured ? bookCapture(ctx, intent, id) : null,
    billing_details: method.billing_details,
    calculated_statement_descriptor: 'LOCAL STRIPE',
    captured,
    created: ctx.now,
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    ...withoutConnect,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: decline?.code ?? null,
    failure_message: decline?.message ?? null,
    fraud_details: {},
    livemode: false,
    metadata: intent.metadata,
    on_behalf_of: null,
    outcome: outcomeOf(decline),
    paid: decline === null,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: detailsOf(ctx, intent, method, decline === null),
    radar_options: {},
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: intent.shipping,
    source: null,
    source_transfer: null,
    statement_descriptor: intent.statement_descriptor,
    statement_descriptor_suffix: intent.statement_descriptor_suffix,
    status: decline === null ? 'succeeded' : 'failed',
    transfer_data: null,
    transfer_group: intent.transfer_group,
  });
}

const noDetails = 'The bank did not return any further details with this decline.';
const sellerMessages: Partial<Record<string, string>> = {
  expired_card: 'The bank returned the decline code `expired_card`.',
  incorrect_cvc: 'The bank returned the decline code `incorrect_cvc`.',
  insufficient_funds: 'The bank returned the decline code `insufficient_funds`.',
  lost_card: 'The bank returned the decline code `lost_card`.',
  processing_error: 'The bank returned the decline code `processing_error`.',
  stolen_card: 'The bank returned the decline code `stolen_card`.',
};

function outcomeOf(decline: Decline | null): Stripe.Charge.Outcome {
  const base = { network_advice_code: null, risk_level: 'normal', risk_score: 20 };
  if (decline === null) {
    return {
      ...base,
      advice_code: null,
      network_decline_code: null,
      network_status: 'approved_by_network',
      reason: null,
      seller_message: 'Payment complete.',
      type: 'authorized',
    };
  }
  return {
    ...base,
    advice_code: decline.advice ?? null,
    network_decline_code: decline.networkCode ?? null,
    network_status: 'declined_by_network',
    reason: decline.declineCode,
    seller_message: sellerMessages[decline.declineCode] ?? noDetails,
    type: 'issuer_declined',
  };
}

function detailsOf(
  ctx: Context,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  isPaid: boolean,
): Stripe.Charge.PaymentMethodDetails {
  const wallet = walletOf(method);
  if (wallet !== null) return walletDetails(ctx, wallet);
  const card = method.card!;
  return {
    card: {
      amount_authorized: isPaid ? intent.amount : null,
      authorization_code: ctx.newDigits(6),
      brand: card.brand,
      ...(intent.capture_method === 'manual' ? { capture_before: ctx.now + 7 * day } : {}),
      checks: card.checks,
      country: card.country,
      electronic_commerce_indicator: null,
      exp_month: card.exp_month,
      exp_year: card.exp_year,
      extended_authorization: { status: 'disabled' },
      fingerprint: card.fingerprint ?? null,
      funding: card.funding,
      incremental_authorization: { status: 'unavailable' },
      installments: null,
      last4: card.last4,
      mandate: null,
      multicapture: { status: 'unavailable' },
      network: findTestCard(ctx, method.id)?.brand ?? null,
      network_token: { used: false },
      network_transaction_id: ctx.newDigits(15),
      overcapture: { maximum_amount_capturable: intent.amount, status: 'unavailable' },
      regulated_status: 'unregulated',
      three_d_secure: null,
      transaction_link_id: null,
      wallet: null,
    },
    type: 'card',
  };
}

function walletDetails(ctx: Context, wallet: Wallet): Stripe.Charge.PaymentMethodDetails {
  const transaction_id = ctx.newText(24);
  const fingerprint = ctx.newText(16);
  return wallet === 'alipay'
    ? { alipay: { buyer_id: `2088${ctx.newText(12)}`, fingerprint, transaction_id }, type: wallet }
    : { wechat_pay: { fingerprint, transaction_id }, type: wallet };
}
