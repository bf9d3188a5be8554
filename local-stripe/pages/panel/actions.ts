import { Hono } from 'hono';
import type { Context as HonoContext } from 'hono';
import { ControlError } from '../../control/errors.ts';
import { clockBody, turnClock } from '../../control/clock.ts';
import { resendDelivery } from '../../control/deliveries.ts';
import { disputeBody, openDispute } from '../../control/disputes.ts';
import { setFailingCard } from '../../control/payment-methods.ts';
import { retryBody, setRetry } from '../../control/payment-settings.ts';
import { chaosBody, setChaos } from '../../control/settings.ts';
import type { LocalStripe } from '../../kernel/local-stripe.ts';
import { DueWorkFault } from '../../kernel/due-work-fault.ts';
import { StripeError } from '../../kernel/errors.ts';
import { makeDefaultConfiguration } from '../../portal/configure.ts';
import type { FormValues } from '../card-form.ts';
import { readForm } from '../visitor.ts';
import { wayBack } from './notice.ts';
import type { PanelNotice } from './notice.ts';
import { openPortal } from './open-portal.ts';
import { readMoment, turnToPeriodEnd } from './time.ts';

type Work = (
  local: LocalStripe,
  values: FormValues,
  c: HonoContext,
) => PanelNotice | { url: string } | Promise<PanelNotice>;

function isToldHere(error: unknown): error is Error {
  return [ControlError, StripeError, DueWorkFault].some((kind) => error instanceof kind);
}

/** The panel's buttons. Each does what the control interface does, and comes back to its page. */
export function panelActions(getLocal: () => LocalStripe): Hono {
  const app = new Hono();
  const action = (path: string, work: Work): void => {
    app.post(`/_control/panel/${path}`, async (c) => {
      const values = await readForm(c);
      try {
        const result = await work(getLocal(), values, c);
        if (typeof result !== 'string') return c.redirect(result.url, 303);
        return c.redirect(wayBack(values['back'], { done: result }), 303);
      } catch (error) {
        if (!isToldHere(error)) throw error;
        return c.redirect(wayBack(values['back'], { error: error.message }), 303);
      }
    });
  };

  action('clock', async (local, values): Promise<PanelNotice> => {
    const to = readMoment(local.kernel.now(), values);
    await turnClock(local, parse(clockBody, { to }));
    return 'advanced';
  });
  action('subscriptions/:id/period_end', async (local, _values, c): Promise<PanelNotice> => {
    await turnToPeriodEnd(local, c.req.param('id') ?? '');
    return 'advanced';
  });
  action('payment_methods/:id', (local, values, c) => {
    const declineCode = values['decline_code'] || null;
    local.kernel.run((ctx) => setFailingCard(ctx, c.req.param('id') ?? '', declineCode));
    return declineCode === null ? 'cardWorks' : 'cardNowFails';
  });
  action('charges/:id/dispute', (local, _values, c) => {
    const body = parse(disputeBody, { charge: c.req.param('id') });
    local.kernel.run((ctx) => openDispute(ctx, body));
    return 'wasDisputed';
  });
  action('deliveries/:id/resend', async (local, _values, c): Promise<PanelNotice> => {
    resendDelivery(local, c.req.param('id') ?? '');
    await local.settled();
    return 'resent';
  });
  action('chaos', (local, values) => {
    const change = parse(chaosBody, chaosOf(values));
    setChaos(local.kernel, change);
    return 'saved';
  });
  action('fail_next', (local, values) => {
    const count = Math.min(Math.max(Number(values['count']) || 0, 0), 100);
    const status = Number(values['status']);
    const failNext = Array.from({ length: count }, () => ({ status }));
    const change = parse(chaosBody, { failNext });
    setChaos(local.kernel, change);
    return 'saved';
  });
  action('retry_settings', (local, values) => {
    const change = parse(retryBody, {
      attempts: Number(values['attempts']),
      spacingSeconds: Math.round(Number(values['days']) * 86_400),
      final: values['final'],
      invoices: {
        attempts: Number(values['invoices_attempts']),
        spacingSeconds: Math.round(Number(values['invoices_days']) * 86_400),
        final: values['invoices_final'],
      },
    });
    local.kernel.run((ctx) => setRetry(ctx, change));
    return 'saved';
  });
  action('portal_configurations/:id/default', (local, _values, c) => {
    const id = c.req.param('id') ?? '';
    if (local.kernel.store.find('billing_portal.configuration', id) === undefined) {
      throw new ControlError(404, 'resource_missing', `No such configuration: '${id}'`);
    }
    local.kernel.run((ctx) => makeDefaultConfiguration(ctx, id));
    return 'saved';
  });
  action('customers/:id/portal', (local, values, c) =>
    openPortal(local, c.req.param('id') ?? '', values['back']),
  );
  action('reset', async (local, values): Promise<PanelNotice> => {
    if (values['sure'] !== 'yes') throw new ControlError(400, 'not_sure', 'Tick the box first.');
    await local.reset();
    return 'wasReset';
  });
  return app;
}

interface Shape<T> {
  safeParse(
    value: unknown,
  ):
    | { success: true; data: T }
    | { success: false; error: { issues: { path: PropertyKey[]; message: string }[] } };
}

function parse<T>(shape: Shape<T>, value: unknown): T {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new ControlError(400, 'invalid_body', `${issue.path.join('.')}: ${issue.message}`);
}

function chaosOf(values: FormValues): object {
  const { mode, delayMs } = values;
  if (mode === undefined) return { delayMs: Number(delayMs) };
  return {
    duplicate: mode === 'duplicate' ? 1 : 0,
    shuffle: mode === 'shuffle' ? 1 : 0,
    drop: mode === 'drop' ? 1 : 0,
  };
}
