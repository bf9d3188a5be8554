import { Hono } from 'hono';
import type { LocalStripe } from '../kernel/local-stripe.ts';
import { makeDefaultConfiguration } from '../portal/configure.ts';
import { ControlError, errorAnswer, readJson } from './errors.ts';
import { clockBody, turnClock } from './clock.ts';
import { completeBody, completeSession } from './complete.ts';
import { listDeliveries, readDeliveryFilter, resendDelivery } from './deliveries.ts';
import { disputeBody, openDispute } from './disputes.ts';
import { assertOwnPage } from './own-page.ts';
import { failingCardBody, setFailingCard } from './payment-methods.ts';
import { delayedPaymentsBody, retryBody, walletRefundsBody } from './payment-settings.ts';
import { setDelayedPayments, setRetry, setWalletRefunds } from './payment-settings.ts';
import { listRequests, readRequestFilter } from './requests.ts';
import { chaosBody, setChaos } from './settings.ts';
import { readState } from './state.ts';
import { setTax, taxBody } from './tax.ts';

/** The control interface in JSON, `/_control/…`: what a Dashboard and a time machine would do. */
export function controlRoutes(getLocal: () => LocalStripe): Hono {
  const app = new Hono();
  app.onError((error, c) => errorAnswer(c, error));
  app.use('/_control/*', async (c, next) => {
    assertOwnPage(c);
    await getLocal().catchUp();
    await next();
  });

  app.get('/_control/state', (c) => c.json(readState(getLocal())));
  app.post('/_control/clock', async (c) =>
    c.json(await turnClock(getLocal(), await readJson(c, clockBody))),
  );
  app.post('/_control/checkout_sessions/:id/complete', async (c) => {
    const body = await readJson(c, completeBody);
    return c.json(getLocal().kernel.run((ctx) => completeSession(ctx, c.req.param('id'), body)));
  });
  app.post('/_control/chaos', async (c) => {
    const body = await readJson(c, chaosBody);
    return c.json({ chaos: setChaos(getLocal().kernel, body) });
  });
  app.post('/_control/retry_settings', async (c) => {
    const body = await readJson(c, retryBody);
    return c.json({ retry: getLocal().kernel.run((ctx) => setRetry(ctx, body)) });
  });
  app.post('/_control/delayed_payments', async (c) => {
    const body = await readJson(c, delayedPaymentsBody);
    const delayedPayments = getLocal().kernel.run((ctx) => setDelayedPayments(ctx, body));
    return c.json({ delayedPayments });
  });
  app.post('/_control/wallet_refunds', async (c) => {
    const body = await readJson(c, walletRefundsBody);
    const walletRefunds = getLocal().kernel.run((ctx) => setWalletRefunds(ctx, body));
    return c.json({ walletRefunds });
  });
  app.post('/_control/tax_registrations', async (c) => {
    const body = await readJson(c, taxBody);
    return c.json({ tax: getLocal().kernel.run((ctx) => setTax(ctx, body)) });
  });
  app.get('/_control/requests', (c) =>
    c.json(listRequests(getLocal(), readRequestFilter(c.req.query()))),
  );
  app.get('/_control/deliveries', (c) =>
    c.json({ deliveries: listDeliveries(getLocal(), readDeliveryFilter(c.req.query())) }),
  );
  app.post('/_control/deliveries/:id/resend', (c) =>
    c.json({ delivery: resendDelivery(getLocal(), c.req.param('id')) }),
  );
  app.post('/_control/disputes', async (c) => {
    const body = await readJson(c, disputeBody);
    return c.json({ dispute: getLocal().kernel.run((ctx) => openDispute(ctx, body)) });
  });
  app.post('/_control/payment_methods/:id', async (c) => {
    const body = await readJson(c, failingCardBody);
    const id = c.req.param('id');
    return c.json(getLocal().kernel.run((ctx) => setFailingCard(ctx, id, body.declineCode)));
  });
  app.post('/_control/portal_configurations/:id/default', (c) => {
    const id = c.req.param('id');
    const configuration = getLocal().kernel.run((ctx) => {
      if (ctx.store.find('billing_portal.configuration', id) !== undefined) {
        return makeDefaultConfiguration(ctx, id);
      }
      throw new ControlError(404, 'resource_missing', `No such configuration: '${id}'`, 'id');
    });
    return c.json({ configuration });
  });
  app.post('/_control/reset', async (c) => {
    await getLocal().reset();
    return c.json({ now: getLocal().kernel.now() });
  });
  return app;
}
