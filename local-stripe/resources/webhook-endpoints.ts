import type { Receiver, Receivers } from '../kernel/ports.ts';
import type { Store } from '../kernel/store.ts';
import type Stripe from 'stripe';
import { invalidRequest } from '../kernel/errors.ts';
import { apiVersion } from '../kernel/events.ts';
import { mergeMetadata } from '../kernel/metadata.ts';
import { resource } from './resource.ts';
import { markDeleted } from '../kernel/deleted.ts';
import type { Context } from '../kernel/types.ts';

const endpointsMax = 16;

export const webhookEndpoints = resource({
  kind: 'webhook_endpoint',
  path: '/v1/webhook_endpoints',
  noun: 'webhook endpoint',
  list: {},
  create: createEndpoint,
  update: updateEndpoint,
  del: (ctx, endpoint) => {
    ctx.store.remove('_webhook_secret', endpoint.id);
    return markDeleted(ctx, 'webhook_endpoint', endpoint.id);
  },
});

/** The only answer that carries the `secret`. */
function createEndpoint(
  ctx: Context,
  params: Stripe.WebhookEndpointCreateParams,
): Stripe.WebhookEndpoint {
  assertUrl(params.url);
  if (params.api_version !== undefined && params.api_version !== apiVersion) {
    throw invalidRequest(
      `The local Stripe writes events in ${apiVersion} only, not in ${params.api_version}.`,
      'api_version',
    );
  }
  if (ctx.store.size('webhook_endpoint') >= endpointsMax) {
    throw invalidRequest(`You have reached the maximum of ${endpointsMax} test webhook endpoints.`);
  }
  const endpoint = ctx.store.put('webhook_endpoint', {
    id: ctx.newId('we'),
    object: 'webhook_endpoint',
    api_version: params.api_version ?? null,
    application: null,
    created: ctx.now,
    description: params.description || null,
    enabled_events: enabledEvents(params.enabled_events),
    livemode: false,
    metadata: mergeMetadata({}, params.metadata),
    status: 'enabled',
    url: params.url,
  });
  const { secret } = ctx.store.put('_webhook_secret', {
    id: endpoint.id,
    secret: `whsec_${ctx.newText(32)}`,
  });
  return { ...endpoint, secret };
}

function updateEndpoint(
  ctx: Context,
  before: Stripe.WebhookEndpoint,
  params: Stripe.WebhookEndpointUpdateParams,
): Stripe.WebhookEndpoint {
  const patch: Partial<Stripe.WebhookEndpoint> = {
    metadata: mergeMetadata(before.metadata, params.metadata),
  };
  if (params.url !== undefined) {
    assertUrl(params.url);
    patch.url = params.url;
  }
  if (params.description !== undefined) patch.description = params.description || null;
  if (params.disabled !== undefined) patch.status = params.disabled ? 'disabled' : 'enabled';
  if (params.enabled_events !== undefined) {
    patch.enabled_events = enabledEvents(params.enabled_events);
  }
  return ctx.update('webhook_endpoint', before, patch);
}

function enabledEvents(types: readonly string[]): string[] {
  if (types.length === 0) {
    throw invalidRequest('You must select at least one event.', 'enabled_events');
  }
  if (types.length > 1 && types.includes('*')) {
    throw invalidRequest("'*' cannot be combined with other events.", 'enabled_events');
  }
  return [...new Set(types)];
}

function assertUrl(url: string): void {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return;
  throw invalidRequest(
    'Invalid URL: An explicit scheme (such as https) must be provided.',
    'url',
    'url_invalid',
  );
}

/** Those webhook endpoints that are enabled, as the kernel tells them of events. */
export const webhookReceivers: Receivers = {
  all: (store) =>
    [...store.oldestFirst('webhook_endpoint')]
      .filter(({ status }) => status === 'enabled')
      .map((endpoint) => receiver(store, endpoint)),
  find: (store, id) => {
    const endpoint = store.find('webhook_endpoint', id);
    return endpoint?.status === 'enabled' ? receiver(store, endpoint) : undefined;
  },
};

function receiver(store: Store, endpoint: Stripe.WebhookEndpoint): Receiver {
  const { id, url, api_version: apiVersion, enabled_events: types } = endpoint;
  return {
    id,
    url,
    apiVersion,
    secret: store.get('_webhook_secret', id).secret,
    wants: (type) => types.includes('*') || types.includes(type),
  };
}
