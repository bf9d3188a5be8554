import type { Stripe } from 'stripe';
import { STRIPE_API_VERSION } from '../../../config/stripe.config.ts';
import { APP_MARK } from '../customers.ts';
import { NOT_MADE, type Changes } from './changes.ts';
import { SUBSCRIBED_EVENTS } from '../event-types.ts';

export interface EnsuredEndpoint {
  /** `undefined` where one is needed and only a rotation may make it. */
  endpointId: string | undefined;
  /** Only when it was made now: Stripe tells it once. */
  secret: string | undefined;
  /** What is not as it should be and was left alone, each with what to do. */
  notes: string[];
}

export interface EndpointOptions {
  url: string;
  /** Whether we still have an endpoint's secret. */
  secretKnown: (endpointId: string) => boolean;
  /** Replaces what cannot be used any more: else an endpoint of ours is never removed. */
  rotate: boolean;
}

/**
 * Makes the webhook endpoint for `url`, or brings the one we made before up to date. One whose secret
 * is lost, or whose API version is another, cannot be mended: it is replaced when `rotate` says so, the
 * new one made first.
 */
export async function ensureWebhookEndpoint(
  stripe: Stripe,
  changes: Changes,
  { url, secretKnown, rotate }: EndpointOptions,
): Promise<EnsuredEndpoint> {
  const ours = await listWebhookEndpoints(stripe);
  const usable = ours.find((one) => one.api_version === STRIPE_API_VERSION && secretKnown(one.id));
  if (!rotate) {
    if (ours.length === 0) return { ...(await makeEndpoint(stripe, changes, url)), notes: [] };
    if (usable) await bringUpToDate(stripe, changes, usable, url);
    return { endpointId: usable?.id, secret: undefined, notes: notesOn(ours, usable) };
  }
  const made = await makeEndpoint(stripe, changes, url);
  for (const { id } of ours) {
    await changes.remove(`the webhook endpoint ${id}`, () => stripe.webhookEndpoints.del(id));
  }
  return { ...made, notes: [] };
}

async function bringUpToDate(
  stripe: Stripe,
  changes: Changes,
  endpoint: Stripe.WebhookEndpoint,
  url: string,
): Promise<void> {
  const { id, status } = endpoint;
  if (endpoint.url === url && status === 'enabled' && missingEvents(endpoint).length === 0) return;
  await changes.update(`the webhook endpoint ${id}`, () =>
    stripe.webhookEndpoints.update(id, {
      url,
      enabled_events: [...SUBSCRIBED_EVENTS],
      disabled: false,
    }),
  );
}

async function makeEndpoint(stripe: Stripe, changes: Changes, url: string) {
  const make = () =>
    stripe.webhookEndpoints.create({
      url,
      api_version: STRIPE_API_VERSION,
      enabled_events: [...SUBSCRIBED_EVENTS],
      metadata: { app: APP_MARK },
      description: 'Small Squaretable billing',
    });
  const instead: Pick<Stripe.WebhookEndpoint, 'id' | 'secret'> = { id: NOT_MADE };
  const made = await changes.make<typeof instead>(`the webhook endpoint ${url}`, make, instead);
  return { endpointId: made.id, secret: made.secret };
}

const ROTATE =
  '`npm run stripe:setup -- --rotate` makes a new one, removes ours, and prints the new secret.';

function notesOn(
  ours: Stripe.WebhookEndpoint[],
  usable: Stripe.WebhookEndpoint | undefined,
): string[] {
  return ours.flatMap(({ id, api_version }) => {
    if (id === usable?.id) return [];
    if (usable) return `A second endpoint of ours, ${id}, was left as it is; ${ROTATE}`;
    return api_version === STRIPE_API_VERSION
      ? `The secret of the webhook endpoint ${id} is not set, and Stripe told it when it was made: set STRIPE_WEBHOOK_SECRET to it (the dashboard shows it), or ${ROTATE}`
      : `The webhook endpoint ${id} sends the version ${api_version}, which cannot be changed; ${ROTATE}`;
  });
}

/** Those that our set-up made. */
export async function listWebhookEndpoints(stripe: Stripe): Promise<Stripe.WebhookEndpoint[]> {
  const { data } = await stripe.webhookEndpoints.list({ limit: 100 });
  return data.filter(isOurEndpoint);
}

export function isOurEndpoint({ metadata }: Stripe.WebhookEndpoint): boolean {
  return metadata?.app === APP_MARK;
}

/** Events that we handle and the endpoint does not send. */
export function missingEvents(endpoint: Stripe.WebhookEndpoint): string[] {
  if (endpoint.enabled_events.includes('*')) return [];
  return SUBSCRIBED_EVENTS.filter((type) => !endpoint.enabled_events.includes(type));
}
