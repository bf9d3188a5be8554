import type { CheckoutAttempt } from './attempt.ts';
import type Stripe from 'stripe';
import { isWallet } from '../../billing/payment/wallets.ts';
import {
  asksAddress,
  hasTrial,
  needsPaymentMethod,
  requiresTaxId,
  trialEndOf,
} from '../../checkout/session.ts';
import { onClockOfSession } from '../../checkout/expire.ts';
import type { CheckoutRow } from '../../checkout/row.ts';
import type { PaymentFailure } from '../../billing/payment/failure.ts';
import { idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { laterExpiry } from '../card-form.ts';
import { merchantOf } from '../merchant.ts';
import type { Page } from '../page.ts';
import type { ExtraFields } from './extra-fields.ts';
import { recurringText, summaryOf } from './summary-model.ts';
import type { CheckoutView } from './view.ts';

type Session = Stripe.Checkout.Session;

/** The page of an open session. */
export function checkoutView(
  global: Context,
  page: Page,
  session: Session,
  attempt: CheckoutAttempt,
): CheckoutView {
  const ctx = onClockOfSession(global, session);
  const { words } = page;
  const row = ctx.store.get('_checkout', session.id);
  const merchant = merchantOf(ctx, session);
  const needsTender = needsPaymentMethod(session);
  const types = session.payment_method_types;
  return {
    page,
    path: `/c/pay/${session.id}`,
    merchant,
    title: titleOf(page, session),
    cancelUrl: session.cancel_url,
    summary: summaryOf(ctx, page, session, row, attempt),
    knownEmail: knownEmail(ctx, session),
    needsCard: needsTender && types.includes('card'),
    wallets: needsTender ? types.filter(isWallet) : [],
    extra: extraFields(page, session, row),
    submitLabel: submitLabel(page, session, hasTrial(row)),
    terms: termsOf(ctx, page, session, row, merchant),
    customSubmitText: session.custom_text.submit?.message ?? null,
    shownTotal: session.amount_total ?? 0,
    notice: attempt.hasNewTotal
      ? {
          title: words.tax.totalChangedTitle,
          text: words.tax.totalChangedText(
            page.money(session.amount_total ?? 0, session.currency ?? 'usd'),
          ),
        }
      : null,
    testExpiry: laterExpiry(ctx.now),
    values: attempt.values,
    errors: attempt.errors,
    failure:
      row.failure === null
        ? null
        : {
            title:
              session.mode === 'setup'
                ? words.checkout.notSavedTitle
                : words.checkout.declinedTitle,
            text: `${declineText(page, row.failure)} ${
              row.failure.wallet === undefined
                ? words.checkout.tryAgain
                : words.checkout.tryAnotherWay
            }`,
          },
  };
}

/** The e-mail that cannot be changed on the page. */
export function knownEmail(ctx: Context, session: Session): string | null {
  const customerId = idOrNull(session.customer);
  const customer = customerId === null ? undefined : ctx.store.find('customer', customerId);
  return session.customer_email ?? customer?.email ?? null;
}

/** A decline in the visitor's words; one that has none keeps the bank's. */
export function declineText(page: Page, failure: PaymentFailure): string {
  const { declines } = page.words.card;
  if (failure.wallet !== undefined) return page.words.wallet.refused;
  if (failure.code.endsWith('authentication_failure')) return declines['authentication_failure']!;
  return declines[failure.declineCode ?? ''] ?? declines[failure.code] ?? failure.message;
}

function titleOf(page: Page, session: Session): string {
  const { checkout } = page.words;
  if (session.mode === 'setup') return checkout.titleSetup;
  return session.mode === 'subscription' ? checkout.titleSubscribe : checkout.titlePay;
}

function submitLabel(page: Page, session: Session, isTrial: boolean): string {
  const { checkout } = page.words;
  const total = session.amount_total ?? 0;
  if (session.mode === 'setup') return checkout.setupButton;
  if (session.mode === 'subscription') {
    return isTrial ? checkout.startTrialButton : checkout.subscribeButton;
  }
  if (session.submit_type === 'book') return checkout.bookButton;
  if (session.submit_type === 'donate') return checkout.donateButton;
  if (total === 0) return checkout.freeButton;
  return checkout.payButton(page.money(total, session.currency ?? 'usd'));
}

function termsOf(
  ctx: Context,
  page: Page,
  session: Session,
  row: CheckoutRow,
  merchant: string,
): string | null {
  const { checkout } = page.words;
  if (session.mode === 'setup') return checkout.setupTerms(merchant);
  if (session.mode !== 'subscription') return null;
  const recurring = recurringText(ctx, page, session, row);
  const trialEnd = trialEndOf(ctx, row);
  return trialEnd === null
    ? checkout.renewalTerms(recurring, merchant)
    : checkout.trialTerms(recurring, page.date(trialEnd));
}

function extraFields(page: Page, session: Session, row: CheckoutRow): ExtraFields {
  const asksTerms = session.consent_collection?.terms_of_service === 'required';
  return {
    phone: session.phone_number_collection?.enabled ?? false,
    address: asksAddress(session, row),
    taxId: session.tax_id_collection?.enabled ? { required: requiresTaxId(session) } : null,
    termsText: asksTerms
      ? (session.custom_text.terms_of_service_acceptance?.message ?? page.words.checkout.agreeTerms)
      : null,
    customFields: session.custom_fields.map((field) => ({
      key: field.key,
      label: field.label.custom ?? field.key,
      type: field.type as 'dropdown' | 'numeric' | 'text',
      optional: field.optional,
      options: field.dropdown?.options ?? [],
      defaultValue: (field.dropdown ?? field.numeric ?? field.text)?.default_value ?? '',
      maximumLength: (field.numeric ?? field.text)?.maximum_length ?? null,
    })),
  };
}
