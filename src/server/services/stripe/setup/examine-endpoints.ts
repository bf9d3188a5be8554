import type { Stripe } from 'stripe';
import { STRIPE_API_VERSION } from '../../../config/stripe.config.ts';
import { fault, well, type Finding } from '../../operations/doctor/faults.ts';
import type { StripeAccess } from '../client/client.ts';
import { isOurEndpoint, missingEvents } from './webhook.ts';

const SUBJECT = 'Webhook endpoint';

/** Looks at our webhook endpoints; where `webhookUrl` is given, also whether they deliver there. */
export async function examineEndpoints(
  stripe: Stripe,
  access: StripeAccess,
  webhookUrl: string | undefined,
): Promise<Finding[]> {
  const { data } = await stripe.webhookEndpoints.list({ limit: 100 });
  const ours = data.filter(isOurEndpoint);
  if (ours.length === 0) return [fault(SUBJECT, 'endpoint_missing', 'There is none of ours.')];
  return [
    ...ours.map((one) => examineEndpoint(one, webhookUrl)),
    ...twins(data, ours),
    ...(webhookUrl && access.webhookSecrets.length === 0
      ? [fault(SUBJECT, 'endpoint_unsigned', 'STRIPE_WEBHOOK_SECRET is not set.')]
      : []),
  ];
}

function examineEndpoint(one: Stripe.WebhookEndpoint, webhookUrl: string | undefined): Finding {
  const missing = missingEvents(one);
  if (one.status !== 'enabled') {
    return fault(SUBJECT, 'endpoint_disabled', `${one.id} is disabled at Stripe.`);
  }
  if (one.api_version !== STRIPE_API_VERSION) {
    const what = `${one.id} sends the version ${one.api_version}.`;
    return fault(SUBJECT, 'endpoint_old_version', what);
  }
  if (missing.length > 0) {
    const what = `${one.id} does not send ${missing.join(', ')}.`;
    return fault(SUBJECT, 'endpoint_lacks_events', what);
  }
  if (webhookUrl && one.url !== webhookUrl) {
    const what = `${one.id} delivers to ${one.url}, not to ${webhookUrl}.`;
    return fault(SUBJECT, 'endpoint_elsewhere', what);
  }
  return well(`${SUBJECT} ${one.url}`);
}

/** Others, of ours or made by hand, that deliver to the same address. */
function twins(all: Stripe.WebhookEndpoint[], ours: Stripe.WebhookEndpoint[]): Finding[] {
  const [first] = ours;
  const same = all.filter(
    ({ id, url, status }) => id !== first!.id && url === first!.url && status === 'enabled',
  );
  return same.map(({ id }) =>
    fault(SUBJECT, 'endpoint_twice', `${id} delivers to the same address as ${first!.id}.`),
  );
}
