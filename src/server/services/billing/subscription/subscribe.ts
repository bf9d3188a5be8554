import {
  closeCheckout,
  findLastCheckout,
  insertCheckout,
} from '../../../../db/repositories/billing/checkout-session.repository.ts';
import { findUserLocale } from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { isLive } from '../../../../domain/billing/subscription-status.ts';
import type { CheckoutSnapshot } from '../../stripe/checkout.ts';
import { conflictingCurrency } from '../../stripe/client/errors.ts';
import type { OfferedPrice } from '../../stripe/offered-prices.ts';
import { trialDaysOf } from '../sync/trial-history.ts';
import { changeBilling, type BillingDeps } from './change-billing.ts';
import { ensureCustomer } from './ensure-customer.ts';
import type { Requester } from '../requester.ts';

/** How long a Checkout can be paid: Stripe allows half an hour to a day. */
const CHECKOUT_MS = 60 * 60_000;

/**
 * Opens a Checkout for `priceId` and answers its address. A tenant has at most one session that can
 * be paid, and none while it has a subscription that Stripe may still charge for: past due, unpaid
 * and paused ones count (409 `already_subscribed`).
 */
export async function subscribe(
  billing: BillingDeps,
  requester: Requester,
  priceId: string,
): Promise<string> {
  const price = await billing.catalogue.getOffered(priceId);
  return changeBilling(billing, requester, async (tx, tenant) => {
    const locale = (await findUserLocale(tx, requester.userId)) ?? 'zh-CN';
    const customerId = await ensureCustomer(billing, tx, tenant);
    const live = (await billing.stripe.listSubscriptions(customerId)).find((one) =>
      isLive(one.status),
    );
    if (live) {
      throw new BillingError(
        'already_subscribed',
        'This team has a subscription already; change its plan instead of buying another.',
      );
    }
    const now = billing.clock.now();
    const last = await findLastCheckout(tx, tenant.id);
    const open = await keepOneSession(billing, customerId, price.priceId);
    if (open?.url && open.id === last?.stripeSessionId) return open.url;
    if (last) await closeCheckout(tx, last.stripeSessionId, 'expired', billing.clock.now());
    const session =
      open ??
      (await openCheckout(billing, price, {
        tenantId: tenant.id,
        customerId,
        priceId: price.priceId,
        currency: null,
        trialDays: await trialDaysOf(tx, tenant, billing.trialDays, now),
        expiresAt: new Date(now.getTime() + CHECKOUT_MS),
        locale,
        successUrl: `${billing.appUrl}/checkout/return?session_id={CHECKOUT_SESSION_ID}`,
        cancelUrl: `${billing.appUrl}/checkout/return?canceled=1`,
        after: last?.stripeSessionId ?? null,
      }));
    if (!session.url) throw new Error('Stripe answered a Checkout session without an address.');
    await insertCheckout(tx, {
      tenantId: tenant.id,
      userId: requester.userId,
      stripeSessionId: session.id,
      stripePriceId: price.priceId,
      url: session.url,
      expiresAt: session.expiresAt,
      traceparent: billing.trace.current() ?? null,
      createdAt: billing.clock.now(),
    });
    return session.url;
  });
}

/**
 * A session in the price's own currency; for a customer whom something binds to another, in that one
 * where the price has it.
 */
async function openCheckout(
  { stripe }: BillingDeps,
  { currencyOptions }: OfferedPrice,
  values: Parameters<BillingDeps['stripe']['createCheckoutSession']>[0],
): Promise<CheckoutSnapshot> {
  try {
    return await stripe.createCheckoutSession(values);
  } catch (error) {
    const currency = conflictingCurrency(
      error,
      currencyOptions.map((option) => option.currency),
    );
    if (currency === undefined) throw error;
    return stripe.createCheckoutSession({ ...values, currency });
  }
}

/** Keeps an open session for the same price; ends every other one of a subscription, whoever opened it. */
async function keepOneSession(
  { stripe }: BillingDeps,
  customerId: string,
  priceId: string,
): Promise<CheckoutSnapshot | undefined> {
  const open = (await stripe.listOpenCheckouts(customerId)).filter(
    ({ mode }) => mode === 'subscription',
  );
  const same = open.find((one) => one.priceId === priceId && one.url !== null);
  for (const one of open) if (one.id !== same?.id) await stripe.expireCheckout(one.id);
  return same;
}
