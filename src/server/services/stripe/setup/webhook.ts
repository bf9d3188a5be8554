import type { Stripe } from 'stripe';
import { STRIPE_API_VERSION } from '../../../config/stripe.config.ts';
import { APP_MARK } from '../customers.ts';
import { SUBSCRIBED_EVENTS } from '../event-types.ts';

export interface EnsuredEndpoint {
  endpointId: string;
  /** Only when it was made now: Stripe tells it once. */
  secret: string | undefined;
  /** Our older endpoints that were removed: of another API version, which cannot be changed. */
  replaced: string[];
}

/**
 * Makes the webhook endpoint for `url`, or brings the one we made before up to date. `secretKnown`
 * says whether we still have an endpoint's secret: one without it is replaced.
 */
export async function ensureWebhookEndpoint(
  stripe: Stripe,
  url: string,
  secretKnown: (endpointId: string) => boolean,
): Promise<EnsuredEndpoint> {
  const ours = await listWebhookEndpoints(stripe);
  const usable = ours.find((one) => one.api_version === STRIPE_API_VERSION && secretKnown(one.id));
  const replaced: string[] = [];
  for (const one of ours) {
    if (one.id === usable?.id) continue;
    await stripe.webhookEndpoints.del(one.id);
    replaced.push(one.id);
  }
  if (usable) {
    if (usable.url !== url || usable.status !== 'enabled' || missingEvents(usable).length > 0) {
      await stripe.webhookEndpoints.update(usable.id, {
        url,
        enabled_events: [...SUBSCRIBED_EVENTS],
        disabled: false,
      });
    }
    return { endpointId: usable.id, secret: undefined, replaced };
  }
  const made = await stripe.webhookEndpoints.create({
    url,
    api_version: STRIPE_API_VERSION,
    enabled_events: [...SUBSCRIBED_EVENTS],
    metadata: { app: APP_MARK },
    description: 'Small Squaretable billing',
  });
  return { endpointId: made.id, secret: made.secret, replaced };
}

/** Those that our set-up made. */
export async function listWebhookEndpoints(stripe: Stripe): Promise<Stripe.WebhookEndpoint[]> {
  const { data } = await stripe.webhookEndpoints.list({ limit: 100 });
  return data.filter((one) => one.metadata?.app === APP_MARK);
}

/** Events that we handle and the endpoint does not send. */
export function missingEvents(endpoint: Stripe.WebhookEndpoint): string[] {
  if (endpoint.enabled_events.includes('*')) return [];
  return SUBSCRIBED_EVENTS.filter((type) => !endpoint.enabled_events.includes(type));
}
