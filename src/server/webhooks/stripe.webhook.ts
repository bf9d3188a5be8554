import type { Context as HonoContext } from 'hono';
import { Stripe } from 'stripe';
import { BillingError } from '../../domain/errors.ts';
import type { AppEnv } from '../app-env.ts';
import type { Drain } from '../drain.ts';
import type { Logger } from '../log.ts';
import { STRIPE_API_VERSION } from '../config/stripe.config.ts';
import type { StripeAccess } from '../services/stripe/client/client.ts';
import { parseEvent, type ParsedEvent } from '../services/billing/stripe-event/event-row.ts';
import type { StripeEventService } from '../services/billing/stripe-event.service.ts';

const { webhooks } = Stripe;

const SIGNATURE = /^t=\d+,v1=[0-9a-f]{64}/;

/**
 * Takes a delivery: verified over the raw body, stored, answered. Everything else happens from the
 * inbox. 400 without detail for whatever does not carry a signature of ours; nothing is told to who
 * guesses. Throws when the event could not be stored, so that Stripe delivers it again.
 */
export function handleStripeWebhook(deps: {
  access: Pick<StripeAccess, 'webhookSecrets' | 'livemode'>;
  events: Pick<
    StripeEventService,
    'receive' | 'refuse' | 'alertApiVersion' | 'noteDelivery' | 'noteStranger'
  >;
  drain: Pick<Drain, 'during'>;
}): (c: HonoContext<AppEnv>) => Promise<Response> {
  const { access, events, drain } = deps;
  return async (c) => {
    const log = c.get('log')();
    const body = await c.req.text();
    const signed = verify(body, c.req.header('stripe-signature') ?? '', access.webhookSecrets);
    if (typeof signed === 'string') {
      log.warn({ reason: signed }, 'webhook refused');
      // What does not even look like one of Stripe's is nobody's delivery.
      const isDelivery = SIGNATURE.test(c.req.header('stripe-signature') ?? '');
      if (isDelivery) void drain.during(events.noteDelivery('bad_signature'));
      else events.noteStranger();
      throw new BillingError('invalid_signature', 'The webhook was refused.');
    }
    const event = parsed(signed, log, () => void events.noteDelivery('bad_shape'));
    if (event.livemode !== access.livemode) {
      log.error({ eventId: event.id, livemode: event.livemode }, 'webhook of the other mode');
      void events.noteDelivery('other_mode');
      await events.refuse(event.id);
      throw new BillingError('invalid_payload', 'The webhook was refused.');
    }
    if (event.api_version !== STRIPE_API_VERSION) {
      await events.alertApiVersion(event.api_version ?? null);
    }
    const isNew = await events.receive(event);
    log.info({ eventId: event.id, type: event.type, isNew }, 'event received');
    const made = new Date(event.created * 1000);
    void drain.during(events.noteDelivery(isNew ? 'accepted' : 'repeated', made));
    return c.json({ received: true });
  };
}

function parsed(signed: Stripe.Event, log: Logger, onBadShape: () => void): ParsedEvent {
  try {
    return parseEvent(signed);
  } catch (cause) {
    log.error('webhook of an unknown shape');
    onBadShape();
    throw new BillingError('invalid_payload', 'The webhook was refused.', { cause });
  }
}

/** The event, or why it is none. Every secret is tried: there are two while one is rolled over. */
function verify(body: string, header: string, secrets: readonly string[]): Stripe.Event | string {
  let reason = 'no webhook secret is set';
  for (const secret of secrets) {
    try {
      return webhooks.constructEvent(body, header, secret);
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
  }
  return reason;
}
