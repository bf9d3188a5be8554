import type Stripe from 'stripe';
import { z } from 'zod';
import { findReadyMadeCard } from '../billing/cards.ts';
import type { CardEntry } from '../billing/payment/card-entry.ts';
import type { CheckoutTender } from '../checkout/ordered.ts';
import type { CheckoutPayer } from '../checkout/row.ts';
import { onClockOfSession } from '../checkout/expire.ts';
import { asksAddress, needsPaymentMethod, requiresTaxId } from '../checkout/session.ts';
import { finishSession, submitSession } from '../checkout/submit.ts';
import type { SubmitOutcome } from '../checkout/submit.ts';
import { isEmail } from '../checkout/validate.ts';
import { idOrNull } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import { ControlError } from './errors.ts';

const text = z.string().max(200).nullable().default(null);

export const completeBody = z.strictObject({
  /** A number such as 4242424242424242, or a name such as pm_card_visa. */
  card: z.string().min(1).max(100).optional(),
  /** Instead of a card: the wallet that pays. */
  method: z.enum(['card', 'alipay', 'wechat_pay']).optional(),
  email: z.string().max(512).optional(),
  name: z.string().max(200).optional(),
  /** Where the payer is, in place of an address in Shanghai where one is asked for. */
  address: z
    .strictObject({
      country: z.string().regex(/^[A-Z]{2}$/),
      city: text,
      line1: text,
      line2: text,
      postal_code: text,
      state: text,
    })
    .optional(),
  /** Of a business, where the session asks for it. */
  taxId: z.strictObject({ type: z.string().max(20), value: z.string().max(40) }).optional(),
  /** What is answered where bank or wallet ask: default, that the payer authorizes. */
  authenticate: z.boolean().default(true),
});

export interface CompleteAnswer {
  status: string | null;
  paymentStatus: string;
  error?: { code: string; message: string; declineCode: string | null };
}

/**
 * Pays an open session as its page would, the challenge included. A decline is an answer, not an
 * error: the session is still open, and `error` says why.
 */
export function completeSession(
  ctx: Context,
  id: string,
  body: z.infer<typeof completeBody>,
): CompleteAnswer {
  const session = ctx.store.find('checkout.session', id);
  if (session === undefined) {
    throw new ControlError(404, 'resource_missing', `No such checkout.session: '${id}'`, 'id');
  }
  if (session.status !== 'open') {
    throw new ControlError(
      409,
      'session_not_open',
      `This Checkout Session is ${session.status}, so it cannot be completed.`,
    );
  }
  const payer = payerOf(ctx, session, body);
  const here = onClockOfSession(ctx, session);
  const tender = needsPaymentMethod(session) ? tenderOf(here, body, payer) : null;
  let outcome = submitSession(ctx, session, tender, payer);
  if (outcome.status === 'requires_action') {
    outcome = finishSession(ctx, ctx.store.get('checkout.session', id), body.authenticate);
  }
  return answerOf(ctx.store.get('checkout.session', id), outcome);
}

function tenderOf(
  ctx: Context,
  body: z.infer<typeof completeBody>,
  payer: CheckoutPayer,
): CheckoutTender {
  const { method = 'card', card } = body;
  if (method !== 'card' && card !== undefined) {
    throw new ControlError(400, 'invalid_body', 'card: give either a card or a method.', 'card');
  }
  if (method !== 'card') return { wallet: method };
  if (card === undefined) {
    throw new ControlError(
      400,
      'invalid_body',
      'card: this session needs one, or `method`: alipay or wechat_pay.',
      'card',
    );
  }
  return cardOf(ctx, card, payer);
}

function answerOf(session: Stripe.Checkout.Session, outcome: SubmitOutcome): CompleteAnswer {
  const answer = { status: session.status, paymentStatus: session.payment_status };
  if (outcome.status !== 'declined') return answer;
  const { code, message, declineCode } = outcome.failure;
  return { ...answer, error: { code, message, declineCode } };
}

/** A card by number, or by the name of a ready-made payment method; good for three more years. */
export function cardOf(ctx: Context, card: string, payer: Partial<CheckoutPayer>): CardEntry {
  const readyMade = findReadyMadeCard(card);
  const number = readyMade?.number ?? card.replaceAll(/[\s-]/g, '');
  if (!/^\d{12,19}$/.test(number)) {
    throw new ControlError(
      400,
      'invalid_body',
      'card: give a card number of 12 to 19 digits, or a name such as pm_card_visa.',
      'card',
    );
  }
  return {
    number,
    expMonth: 12,
    expYear: new Date(ctx.now * 1000).getUTCFullYear() + 3,
    cvc: '123',
    name: payer.name ?? null,
    email: payer.email ?? null,
  };
}

/** Whoever pays over the interface answers all that the page would have asked. */
function payerOf(
  ctx: Context,
  session: Stripe.Checkout.Session,
  body: z.infer<typeof completeBody>,
): CheckoutPayer {
  if (body.email !== undefined && !isEmail(body.email)) {
    throw new ControlError(400, 'invalid_body', 'email: not an e-mail address.', 'email');
  }
  const customerId = idOrNull(session.customer);
  const customer = customerId === null ? undefined : ctx.store.find('customer', customerId);
  const known = session.customer_email ?? customer?.email ?? null;
  const isAsked = asksAddress(session, ctx.store.get('_checkout', session.id));
  const { taxId = null } = body;
  if (taxId !== null && !session.tax_id_collection?.enabled) {
    throw new ControlError(
      400,
      'invalid_body',
      'taxId: this session does not ask for one.',
      'taxId',
    );
  }
  if (taxId === null && requiresTaxId(session)) {
    throw new ControlError(400, 'invalid_body', 'taxId: this session needs one.', 'taxId');
  }
  return {
    email: known ?? body.email ?? 'payer@example.com',
    name: body.name ?? null,
    phone: session.phone_number_collection?.enabled === true ? '+15555550100' : null,
    address: isAsked
      ? (body.address ?? {
          city: 'Shanghai',
          country: 'CN',
          line1: '1 Example Road',
          line2: null,
          postal_code: '200000',
          state: null,
        })
      : null,
    taxId,
    termsAccepted: session.consent_collection?.terms_of_service === 'required',
    customFields: Object.fromEntries(
      session.custom_fields.map((field) => [field.key, answer(field)]),
    ),
  };
}

function answer(field: Stripe.Checkout.Session.CustomField): string {
  const given = field.dropdown?.default_value ?? field.numeric?.default_value;
  if (given) return given;
  if (field.dropdown !== undefined) return field.dropdown.options[0]?.value ?? '';
  const length = (field.numeric ?? field.text)?.minimum_length ?? 1;
  return field.numeric === undefined ? 'x'.repeat(length) : '1'.repeat(length);
}
