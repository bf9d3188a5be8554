import type { Stripe } from 'stripe';
import { formatMoney } from '../../../../domain/money.ts';
import { STRIPE_API_VERSION } from '../../../config/stripe.config.ts';
import type { StripeAccess } from '../client/client.ts';
import { callStripe, isMissing } from '../client/errors.ts';
import { readOfferedPrices } from '../offered-prices.ts';
import { findPortalConfiguration } from './portal.ts';
import { listWebhookEndpoints, missingEvents } from './webhook.ts';

/** One thing looked at: `problem` says what to do, and is absent where all is well. */
export interface Finding {
  subject: string;
  problem?: string;
}

/** Looks whether the account is what the product needs; changes nothing. */
export async function examineStripe(
  stripe: Stripe,
  access: StripeAccess,
  webhookUrl: string | undefined,
): Promise<Finding[]> {
  try {
    return await callStripe(async () => [
      { subject: `Stripe answers in ${access.livemode ? 'live' : 'test'} mode` },
      ...(await examinePrices(stripe, access)),
      await examinePortal(stripe, access),
      ...(await examineEndpoints(stripe, access, webhookUrl)),
    ]);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const local = access.apiBase ? ' Is npm start running?' : ' Check STRIPE_SECRET_KEY.';
    return [{ subject: 'Stripe answers', problem: `${why}${local}` }];
  }
}

async function examinePrices(stripe: Stripe, access: StripeAccess): Promise<Finding[]> {
  const { offered, problems } = await readOfferedPrices(stripe, access.prices);
  return [
    ...offered.map(({ plan, interval, amountMinor, currency }) => ({
      subject: `Price of ${plan} by the ${interval}: ${formatMoney({ amountMinor, currency }, 'en')}`,
    })),
    ...problems.map((problem) => ({ subject: 'Prices', problem })),
  ];
}

async function examinePortal(stripe: Stripe, access: StripeAccess): Promise<Finding> {
  const subject = 'Customer portal configuration';
  const id = access.portalConfiguration;
  const configuration = id ? await findById(stripe, id) : await findPortalConfiguration(stripe);
  if (!configuration) {
    return { subject, problem: 'There is none of ours; npm run stripe:setup makes it.' };
  }
  const { subscription_update: update, subscription_cancel: cancel } = configuration.features;
  const again = 'npm run stripe:setup puts it right.';
  if (update.enabled && update.proration_behavior !== 'always_invoice') {
    return { subject, problem: `Upgrades there are not charged at once; ${again}` };
  }
  if (update.enabled && (update.schedule_at_period_end?.conditions.length ?? 0) < 2) {
    return { subject, problem: `Downgrades there take effect at once; ${again}` };
  }
  if (cancel.enabled && cancel.mode !== 'at_period_end') {
    return { subject, problem: `Cancelling there ends a plan that is paid; ${again}` };
  }
  return { subject };
}

async function findById(stripe: Stripe, id: string) {
  try {
    return await stripe.billingPortal.configurations.retrieve(id);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function examineEndpoints(
  stripe: Stripe,
  access: StripeAccess,
  webhookUrl: string | undefined,
): Promise<Finding[]> {
  const subject = 'Webhook endpoint';
  const endpoints = await listWebhookEndpoints(stripe);
  if (endpoints.length === 0) {
    return [{ subject, problem: 'There is none of ours; npm run stripe:setup makes it.' }];
  }
  return endpoints.map((one) => {
    const missing = missingEvents(one);
    if (one.status !== 'enabled') return { subject, problem: `${one.id} is disabled at Stripe.` };
    if (one.api_version !== STRIPE_API_VERSION) {
      return {
        subject,
        problem: `${one.id} sends version ${one.api_version}, which cannot be changed; npm run stripe:setup replaces it.`,
      };
    }
    if (missing.length > 0) {
      return {
        subject,
        problem: `${one.id} does not send ${missing.join(', ')}; npm run stripe:setup adds them.`,
      };
    }
    if (webhookUrl && one.url !== webhookUrl) {
      return { subject, problem: `${one.id} delivers to ${one.url}, not to ${webhookUrl}.` };
    }
    if (!access.apiBase && access.webhookSecrets.length === 0) {
      return { subject, problem: 'STRIPE_WEBHOOK_SECRET is not set; every delivery is refused.' };
    }
    return { subject: `${subject} ${one.url}` };
  });
}
