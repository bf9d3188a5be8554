import type { OpenAPIHono } from '@hono/zod-openapi';
import { BillingError } from '../domain/errors.ts';
import type { AppEnv } from './app-env.ts';
import type { Context } from './context.ts';
import { respondWithError, errorHandler } from './middleware/error-handler.ts';
import { bodyLimit } from './middleware/body-limit.ts';
import { httpMetrics } from './middleware/http-metrics.ts';
import { httpTraces } from './middleware/http-traces.ts';
import { headWithoutBody } from './middleware/head.ts';
import { inOneStep } from './middleware/in-one-step.ts';
import { answerReadsInTime } from './middleware/read-time.ts';
import { logRequest, requestContext } from './middleware/request-context.ts';
import { refuseWhenClosed } from './middleware/drain.ts';
import { endStripeCallsInTime } from './middleware/stripe-calls.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { describeApi } from './openapi.ts';
import { adminRoutes } from './routes/admin/index.ts';
import { apiKeyRoutes } from './routes/api-keys.ts';
import { auditRoutes } from './routes/audit.ts';
import { authRoutes } from './routes/auth.ts';
import { characterRoutes } from './routes/characters.ts';
import { chatRoutes } from './routes/chat.ts';
import { clientRoutes } from './routes/client.ts';
import { conversationRoutes } from './routes/conversations.ts';
import { creditRoutes } from './routes/credits.ts';
import { devClockRoutes } from './routes/dev-clock.ts';
import { devMailRoutes } from './routes/dev-mail.ts';
import { docsRoutes } from './routes/docs.ts';
import { emailRoutes } from './routes/email.ts';
import { healthRoutes } from './routes/health.ts';
import { imageRoutes } from './routes/images.ts';
import { invitationRoutes } from './routes/invitations.ts';
import { memberRoutes } from './routes/members.ts';
import { modeRoutes } from './routes/mode.ts';
import { notificationRoutes } from './routes/notifications.ts';
import { ownAccountRoutes } from './routes/own-account.ts';
import { limitRoutes } from './routes/limits.ts';
import { packRoutes } from './routes/packs.ts';
import { statementRoutes } from './routes/statements.ts';
import { purchaseRoutes } from './routes/purchases.ts';
import { passwordRoutes } from './routes/passwords.ts';
import { billingDetailsRoutes } from './routes/billing-details.ts';
import { paymentRoutes } from './routes/payments.ts';
import { planRoutes } from './routes/plans.ts';
import { createRouter } from './routes/router.ts';
import { secondFactorRoutes } from './routes/second-factor.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { subscriptionRoutes } from './routes/subscription.ts';
import { tenantRoutes } from './routes/tenant.ts';
import { usageRoutes } from './routes/usage.ts';
import { isUsageEvents, usageEventsApp } from './routes/usage-events.ts';
import { usageIngestRoutes } from './routes/usage-ingest.ts';
import { webhookRoutes } from './routes/webhooks.ts';

/**
 * Mounts every route. Order matters only for the last: the client answers what nobody else did. What is asked most
 * often is an app of its own, with the same steps before it.
 */
export function createApp(context: Context): OpenAPIHono<AppEnv> {
  const app = createRouter();
  const steps = [
    ...(context.trace.on ? [httpTraces(context.trace)] : []),
    httpMetrics(context.metrics),
    requestContext(context.log),
    securityHeaders(context.config.appUrl),
    refuseWhenClosed(context.drain),
    headWithoutBody,
    bodyLimit,
    answerReadsInTime,
    endStripeCallsInTime,
    ...(context.log.isLevelEnabled('debug') ? [logRequest] : []),
  ];
  app.use(inOneStep(...steps));
  app.onError(errorHandler);
  app.notFound((c) =>
    respondWithError(
      c,
      new BillingError('not_found', `There is nothing at ${c.req.method} ${c.req.path}.`),
    ),
  );

  app.route('/', healthRoutes(context));
  app.route(
    '/',
    docsRoutes(() => describeApi(app, context.config.appUrl)),
  );
  app.route('/', authRoutes(context));
  app.route('/', emailRoutes(context));
  app.route('/', notificationRoutes(context));
  app.route('/', ownAccountRoutes(context));
  app.route('/', passwordRoutes(context));
  app.route('/', secondFactorRoutes(context));
  app.route('/', sessionRoutes(context));
  app.route('/', apiKeyRoutes(context));
  app.route('/', chatRoutes(context));
  app.route('/', conversationRoutes(context));
  app.route('/', imageRoutes(context));
  app.route('/', characterRoutes(context));
  app.route('/', modeRoutes(context));
  app.route('/', planRoutes(context));
  app.route('/', packRoutes(context));
  app.route('/', purchaseRoutes(context));
  app.route('/', limitRoutes(context));
  app.route('/', statementRoutes(context));
  app.route('/', subscriptionRoutes(context));
  app.route('/', paymentRoutes(context));
  app.route('/', billingDetailsRoutes(context));
  app.route('/', usageRoutes(context));
  app.route('/', creditRoutes(context));
  app.route('/', usageIngestRoutes(context));
  app.route('/', tenantRoutes(context));
  app.route('/', memberRoutes(context));
  app.route('/', invitationRoutes(context));
  app.route('/', auditRoutes(context));
  app.route('/', adminRoutes(context));
  app.route('/', webhookRoutes(context));
  if (!context.config.production) app.route('/', devMailRoutes(context.services.mails));
  if (context.moveClock) app.route('/', devClockRoutes(context.moveClock));
  app.route('/', clientRoutes(context.config.clientDir));

  const events = usageEventsApp(context, steps);
  const rest = app.fetch;
  app.fetch = (request, ...more) =>
    (isUsageEvents(request) ? events.fetch : rest)(request, ...more);
  return app;
}
