import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { mergeMetadata } from '../../kernel/metadata.ts';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { recordBalance } from './booking.ts';
import { isWallet, wallets } from './wallets.ts';

const day = 86_400;
const feeMinor = 1500;

/** The cardholder goes to the bank. An inquiry moves no money yet. */
export function openDispute(
  ctx: Context,
  chargeId: string,
  { reason, inquiry = false }: { reason: string; inquiry?: boolean },
): Stripe.Dispute {
  const charge = ctx.store.get('charge', chargeId);
  if (charge.disputed) {
    throw invalidRequest(`Charge ${charge.id} has already been disputed.`, 'charge');
  }
  const type = charge.payment_method_details?.type ?? 'card';
  if (isWallet(type)) {
    throw invalidRequest(
      `${wallets[type].name} has no disputes: its owner authorized charge ${charge.id}.`,
      'charge',
    );
  }
  if (!charge.captured || charge.refunded) {
    throw invalidRequest(`Charge ${charge.id} holds no money to dispute.`, 'charge');
  }
  const id = ctx.newId('du');
  const amount = charge.amount - charge.amount_refunded;
  const dispute = ctx.store.put('dispute', {
    id,
    object: 'dispute',
    amount,
    balance_transactions: inquiry ? [] : [moveMoney(ctx, id, charge, -amount)],
    charge: charge.id,
    created: ctx.now,
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: noEvidence(charge),
    evidence_details: {
      due_by: ctx.now + 9 * day,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'not_submitted',
    },
    intended_submission_method: null,
    is_charge_refundable: inquiry,
    livemode: false,
    metadata: {},
    network_reason_code: reason === 'fraudulent' ? '10.4' : '13.1',
    payment_intent: charge.payment_intent,
    payment_method_details: {
      card: {
        brand: charge.payment_method_details?.card?.brand ?? 'visa',
        case_type: inquiry ? 'inquiry' : 'chargeback',
        network: charge.payment_method_details?.card?.network ?? 'visa',
        network_reason_code: reason === 'fraudulent' ? '10.4' : '13.1',
      },
      type: 'card',
    },
    reason,
    status: inquiry ? 'warning_needs_response' : 'needs_response',
  });
  const disputed = ctx.store.put('charge', { ...charge, ...{ dispute: id }, disputed: true });
  ctx.emit('charge.dispute.created', dispute);
  if (!inquiry) ctx.emit('charge.dispute.funds_withdrawn', dispute);
  ctx.emit('charge.updated', disputed, { disputed: false });
  ctx.schedule(dispute.evidence_details.due_by!, 'dispute.due', id);
  return dispute;
}

/** Evidence. With `submit` it goes to the bank, which in test mode reads one word of it. */
export function updateDispute(
  ctx: Context,
  before: Stripe.Dispute,
  params: Stripe.DisputeUpdateParams,
): Stripe.Dispute {
  assertOpen(before);
  const given = (params.evidence ?? {}) as Partial<Stripe.Dispute.Evidence>;
  const hasEvidence = before.evidence_details.has_evidence || Object.keys(given).length > 0;
  const isSubmitted = hasEvidence && (params.submit ?? true);
  const dispute = ctx.update(
    'dispute',
    before,
    {
      metadata: mergeMetadata(before.metadata, params.metadata),
      intended_submission_method:
        params.intended_submission_method ?? before.intended_submission_method,
      evidence: { ...before.evidence, ...given },
      evidence_details: {
        ...before.evidence_details,
        has_evidence: hasEvidence,
        ...(isSubmitted
          ? {
              submission_count: before.evidence_details.submission_count + 1,
              submission_method: 'manual',
            }
          : {}),
      },
      ...(isSubmitted
        ? { status: isInquiry(before) ? 'warning_under_review' : 'under_review' }
        : {}),
    },
    'charge.dispute.updated',
  );
  const word = dispute.evidence.uncategorized_text;
  if (!isSubmitted || (word !== 'winning_evidence' && word !== 'losing_evidence')) return dispute;
  return endDispute(ctx, dispute, word === 'winning_evidence');
}

/** Accepts the dispute: it is lost. */
export function closeDispute(ctx: Context, dispute: Stripe.Dispute): Stripe.Dispute {
  assertOpen(dispute);
  return endDispute(ctx, dispute, false);
}

/** No evidence by the due date: lost; an inquiry that came to nothing is closed. */
export function disputeFellDue(ctx: Context, id: string): void {
  const dispute = ctx.store.find('dispute', id);
  if (dispute === undefined || !isOpen(dispute)) return;
  if (dispute.status === 'under_review' || dispute.status === 'warning_under_review') return;
  endDispute(ctx, dispute, false);
}

function endDispute(ctx: Context, before: Stripe.Dispute, isWon: boolean): Stripe.Dispute {
  const charge = ctx.store.get('charge', idOf(before.charge));
  const inquiry = isInquiry(before);
  const returned = isWon && !inquiry ? [moveMoney(ctx, before.id, charge, before.amount)] : [];
  ctx.unschedule('dispute.due', before.id);
  const dispute = ctx.store.put('dispute', {
    ...before,
    status: inquiry ? 'warning_closed' : isWon ? 'won' : 'lost',
    balance_transactions: [...before.balance_transactions, ...returned],
    is_charge_refundable: inquiry,
  });
  ctx.emit('charge.dispute.closed', dispute, { status: before.status });
  if (returned.length > 0) ctx.emit('charge.dispute.funds_reinstated', dispute);
  return dispute;
}

function moveMoney(
  ctx: Context,
  dispute: string,
  charge: Stripe.Charge,
  amount: number,
): Stripe.BalanceTransaction {
  const id = recordBalance(ctx, {
    amount,
    currency: charge.currency,
    source: dispute,
    type: 'adjustment',
    feeMinor: amount < 0 ? feeMinor : 0,
  });
  return ctx.store.get('balance_transaction', id);
}

function isInquiry({ status }: Stripe.Dispute): boolean {
  return status.startsWith('warning_');
}

function isOpen({ status }: Stripe.Dispute): boolean {
  return !['won', 'lost', 'warning_closed', 'prevented'].includes(status);
}

function assertOpen(dispute: Stripe.Dispute): void {
  if (isOpen(dispute)) return;
  throw invalidRequest(`This dispute is already closed: it is ${dispute.status}.`);
}

function noEvidence(charge: Stripe.Charge): Stripe.Dispute.Evidence {
  return {
    access_activity_log: null,
    billing_address: null,
    cancellation_policy: null,
    cancellation_policy_disclosure: null,
    cancellation_rebuttal: null,
    customer_communication: null,
    customer_email_address: charge.billing_details.email,
    customer_name: charge.billing_details.name,
    customer_purchase_ip: null,
    customer_signature: null,
    duplicate_charge_documentation: null,
    duplicate_charge_explanation: null,
    duplicate_charge_id: null,
    enhanced_evidence: {},
    product_description: null,
    receipt: null,
    refund_policy: null,
    refund_policy_disclosure: null,
    refund_refusal_explanation: null,
    service_date: null,
    service_documentation: null,
    shipping_address: null,
    shipping_carrier: null,
    shipping_date: null,
    shipping_documentation: null,
    shipping_tracking_number: null,
    uncategorized_file: null,
    uncategorized_text: null,
  };
}
