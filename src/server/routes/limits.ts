import { createRoute, type OpenAPIHono, type z } from '@hono/zod-openapi';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { limitActs, requireBillingRole, requireUser, userOf } from '../middleware/auth.ts';
import type { LimitsInput } from '../services/billing/spending/limits.service.ts';
import { limitsBody, limitsSchema } from './limits-schemas.ts';
import { errors, json, jsonBody, signedOut, userToken } from './responses.ts';
import { createRouter } from './router.ts';
import { requesterOf } from './subscription.ts';

const tags = ['Credits'];

/** What may be used without having been bought, and up to where: seen by everybody in the team. */
export function limitRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { auth, limits, stripeCalls } = context.services;
  const router = createRouter();

  router.openapi(
    createRoute({
      security: userToken,
      middleware: [requireUser(context)] as const,
      tags,
      method: 'get',
      path: '/api/billing/limits',
      summary: 'Overage and its cap, and what may be spent',
      responses: {
        200: json(limitsSchema, 'Sums are of this month.'),
        ...errors(...signedOut, 'database_unavailable'),
      },
    }),
    async (c) => c.json(await limits.read(requesterOf(c)), 200),
  );

  router.openapi(
    createRoute({
      security: userToken,
      middleware: [requireBillingRole(context), limitActs(context)] as const,
      tags,
      method: 'put',
      path: '/api/billing/limits',
      summary: 'Switch overage on at the price that was shown, or off; or set what may be spent',
      request: { body: jsonBody(limitsBody) },
      responses: {
        200: json(limitsSchema, 'In force at once; a looser rule after 24 hours.'),
        ...errors(
          ...signedOut,
          'billing_role_required',
          'email_unverified',
          'rate_limited',
          'invalid_request',
          'team_role_required',
          'spending_rule',
          'invalid_cap',
          'invalid_rule',
          'invalid_top_up',
          'unknown_pack',
          'card_needed',
          'currency_conflict',
          'stripe_unavailable',
          'busy',
          'consent_stale',
          'overage_not_offered',
          'overage_paused',
          'database_unavailable',
        ),
      },
    }),
    async (c) => {
      const wish = wishOf(c.req.valid('json'));
      // Who agrees to be charged later pays as much as who does it now; who takes it back never waits.
      if (agreesToPay(wish)) await auth.emailVerifier.assertVerified(userOf(c));
      if ('autoTopUp' in wish && wish.autoTopUp.enabled)
        await stripeCalls.count(userOf(c).tenantId);
      return c.json(await limits.set(requesterOf(c), wish), 200);
    },
  );

  return router;
}

function wishOf(body: z.output<typeof limitsBody>): LimitsInput {
  const { overage, alerts: told, autoTopUp, rules } = body;
  if (overage) return { overage: { ...overage, alerts: told } };
  return autoTopUp ? { autoTopUp } : { rules: rules! };
}

const agreesToPay = (wish: LimitsInput): boolean =>
  ('overage' in wish && wish.overage.enabled) || ('autoTopUp' in wish && wish.autoTopUp.enabled);
