import type Stripe from 'stripe';
import { assertUrl } from '../kernel/web-address.ts';
import { invalidRequest, missingParam, noSuch } from '../kernel/errors.ts';
import { idOrNull } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import { readFlow } from './flow.ts';

type CreateParams = Stripe.BillingPortal.SessionCreateParams;

/** `POST /v1/billing_portal/sessions`: a link into the portal for one customer. */
export function createPortalSession(
  global: Context,
  params: CreateParams,
): Stripe.BillingPortal.Session {
  for (const name of ['customer_account', 'on_behalf_of'] as const) {
    if (params[name]) throw invalidRequest(`The local Stripe does not imitate \`${name}\`.`, name);
  }
  if (!params.customer) throw missingParam('customer');
  const customer = global.store.find('customer', params.customer);
  if (customer === undefined) throw noSuch('customer', params.customer, 'customer');
  const ctx = global.onClock(idOrNull(customer.test_clock));
  const configuration = configurationOf(ctx, params.configuration);
  assertUrl(params.return_url ?? null, 'return_url');
  const id = ctx.newId('bps');
  const session = ctx.store.put('billing_portal.session', {
    id,
    object: 'billing_portal.session',
    ...(params.after_expiration
      ? {
          after_expiration: {
            customer_login: {
              expires_at: params.after_expiration.customer_login?.expires_at ?? null,
            },
            type: params.after_expiration.type,
          },
        }
      : {}),
    configuration: configuration.id,
    created: ctx.now,
    customer: customer.id,
    customer_account: null,
    flow: params.flow_data ? readFlow(ctx, params.flow_data, customer.id, configuration) : null,
    livemode: false,
    locale: params.locale ?? null,
    on_behalf_of: null,
    return_url: params.return_url || configuration.default_return_url,
    url: `${ctx.baseUrl}/p/session/${id}`,
  });
  ctx.store.put('_portal', { id, intent: null, failure: null, flowDone: false });
  ctx.emit('billing_portal.session.created', session);
  return session;
}

function configurationOf(ctx: Context, id: string | undefined): Stripe.BillingPortal.Configuration {
  if (id) {
    const found = ctx.store.find('billing_portal.configuration', id);
    if (found === undefined) throw noSuch('configuration', id, 'configuration');
    if (!found.active) throw invalidRequest('This configuration is inactive.', 'configuration');
    return found;
  }
  for (const configuration of ctx.store.oldestFirst('billing_portal.configuration')) {
    if (configuration.is_default) return configuration;
  }
  throw invalidRequest(
    'No configuration provided and your test mode default configuration has not been created. ' +
      'Provide a configuration or create your default by saving your customer portal settings in ' +
      `test mode at ${ctx.baseUrl}/_control/portal.`,
  );
}
