import type { Stripe } from 'stripe';
import { z } from 'zod';
import type { CheckoutSettings } from '../../config/config.ts';
import { createOnce } from './client/create-once.ts';
import { APP_MARK } from './customers.ts';
import { checkoutParams } from './checkout-settings.ts';
import { READ_TIMEOUTS } from './client/client.ts';
import { isMissing, isRefused } from './client/errors.ts';
import { idOrNull, metadata, seconds, toDate, toUnixSeconds } from './snapshots/schemas.ts';

const session = z
  .object({
    id: z.string(),
    mode: z.string(),
    status: z.string().nullish(),
    payment_status: z.string(),
    url: z.string().nullish(),
    customer: idOrNull,
    subscription: idOrNull,
    metadata,
    expires_at: seconds,
  })
  .transform((s) => ({
    id: s.id,
    mode: s.mode,
    status: s.status ?? null,
    paymentStatus: s.payment_status,
    url: s.url ?? null,
    customerId: s.customer,
    subscriptionId: s.subscription,
    priceId: s.metadata.priceId ?? null,
    expiresAt: toDate(s.expires_at),
  }));

export type CheckoutSnapshot = z.output<typeof session>;

export function readCheckout(answer: unknown): CheckoutSnapshot {
  return session.parse(answer);
}

/** In a subscription's metadata: the days of the trial that our Checkout gave. */
export const TRIAL_MARK = 'trialDays';

export interface NewCheckout {
  environment: string;
  checkoutSettings: CheckoutSettings;
  tenantId: string;
  customerId: string;
  priceId: string;
  /** One of the price's `currency_options`; `null`: its own. */
  currency: string | null;
  /** 0: no trial. */
  trialDays: number;
  locale: string;
  successUrl: string;
  cancelUrl: string;
  /** From then on nobody can pay it. */
  expiresAt: Date;
  /** The tenant's last session, so that a retry finds the session that a lost answer made. */
  after: string | null;
}

/**
 * Opens a hosted Checkout for a subscription. The tenant is written on the session and on the
 * subscription; nothing comes from the client but the choice of price.
 */
export async function createCheckoutSession(
  stripe: Stripe,
  values: NewCheckout,
): Promise<CheckoutSnapshot> {
  const { environment, tenantId, customerId, priceId, currency, trialDays, after } = values;
  const mark = { app: APP_MARK, env: environment, tenantId, priceId };
  const params: Stripe.Checkout.SessionCreateParams = {
    mode: 'subscription',
    customer: customerId,
    client_reference_id: tenantId,
    line_items: [{ price: priceId, quantity: 1 }],
    ...(currency === null ? {} : { currency }),
    metadata: mark,
    subscription_data: {
      metadata: trialDays > 0 ? { ...mark, [TRIAL_MARK]: String(trialDays) } : mark,
      ...(trialDays > 0
        ? {
            trial_period_days: trialDays,
            trial_settings: { end_behavior: { missing_payment_method: 'cancel' } },
          }
        : {}),
    },
    ...checkoutParams(values.checkoutSettings),
    locale: checkoutLocale(values.locale),
    expires_at: toUnixSeconds(values.expiresAt),
    success_url: values.successUrl,
    cancel_url: values.cancelUrl,
  };
  const wanted = [priceId, currency ?? 'own', trialDays, params.locale, params.expires_at];
  const key = `checkout:${tenantId}:${after ?? 'first'}:${wanted.join(':')}`;
  const found = await createOnce({
    idempotencyKey: key,
    create: async (options) => readCheckout(await stripe.checkout.sessions.create(params, options)),
    // Which the key names, too.
    find: () =>
      findOpenCheckout(
        stripe,
        customerId,
        (one) =>
          one.metadata?.priceId === priceId &&
          one.expires_at === params.expires_at &&
          one.locale === params.locale,
      ),
  });
  if (found.status === 'open') return found;
  // A key of long ago answered with a session that is over by now.
  const idempotencyKey = `${key}:${crypto.randomUUID()}`;
  return readCheckout(await stripe.checkout.sessions.create(params, { idempotencyKey }));
}

/** Sessions of the customer that could still be paid. */
export async function listOpenCheckouts(
  stripe: Stripe,
  customerId: string,
): Promise<CheckoutSnapshot[]> {
  const { data } = await stripe.checkout.sessions.list({
    customer: customerId,
    status: 'open',
    limit: 100,
  });
  return data.map(readCheckout);
}

/** The first of the customer's sessions that could still be paid and is so. */
export async function findOpenCheckout(
  stripe: Stripe,
  customerId: string,
  isIt: (one: Stripe.Checkout.Session) => boolean,
): Promise<CheckoutSnapshot | undefined> {
  const open = { customer: customerId, status: 'open' as const, limit: 100 };
  for await (const one of stripe.checkout.sessions.list(open))
    if (isIt(one)) return readCheckout(one);
  return undefined;
}

/** As Stripe has it now; `undefined` for one that this account never had. */
export async function findCheckout(
  stripe: Stripe,
  sessionId: string,
): Promise<CheckoutSnapshot | undefined> {
  try {
    return readCheckout(await stripe.checkout.sessions.retrieve(sessionId, {}, READ_TIMEOUTS));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Ends a session so that nobody can pay it any more, and says how it ended: it may have been paid. */
export async function expireCheckout(
  stripe: Stripe,
  sessionId: string,
): Promise<'complete' | 'expired'> {
  try {
    await stripe.checkout.sessions.expire(sessionId);
    return 'expired';
  } catch (error) {
    if (!isRefused(error)) throw error;
    if (isMissing(error)) return 'expired';
    const { status } = readCheckout(await stripe.checkout.sessions.retrieve(sessionId));
    return status === 'complete' ? 'complete' : 'expired';
  }
}

/** Our locales in Checkout's words. */
export function checkoutLocale(locale: string): 'zh' | 'en' {
  return locale.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

/** A session of the customer portal; `locale` is ours. Answers its address. */
export async function createPortalSession(
  stripe: Stripe,
  values: {
    customerId: string;
    configuration: string | undefined;
    locale: string;
    returnUrl: string;
  },
): Promise<string> {
  const { url } = await stripe.billingPortal.sessions.create({
    customer: values.customerId,
    return_url: values.returnUrl,
    locale: checkoutLocale(values.locale),
    ...(values.configuration ? { configuration: values.configuration } : {}),
  });
  return url;
}
