import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type {
  OperatorLogPage,
  OperatorSessionView,
} from '../../../domain/accounts/operator-view.ts';
import type { AppEnv } from '../../app-env.ts';
import type { Context } from '../../context.ts';
import { OPERATOR_COOKIE, operatorOf, requireOperatorsAccount } from '../../middleware/operator.ts';
import { OPERATOR_SESSION_SECONDS } from '../../services/operators/access.ts';
import { codeField, ownPassword } from '../fields.ts';
import { originReader } from '../request-origin.ts';
import { errors, json, jsonBody } from '../responses.ts';
import { createRouter } from '../router.ts';
import { operatorRoute, pageQuery, reasonField, REFUSED } from './operator-route.ts';

const sessionSchema = z
  .object({ reason: z.string(), idleUntil: z.iso.datetime(), endsAt: z.iso.datetime() })
  .openapi('OperatorSession') satisfies z.ZodType<OperatorSessionView>;

const signInBody = z
  .strictObject({ password: ownPassword, code: codeField, reason: reasonField })
  .openapi('OperatorSignIn');

const logSchema = z
  .object({
    entries: z.array(
      z.object({
        ...{ id: z.string(), at: z.iso.datetime(), by: z.string() },
        action: z.string().openapi({ example: 'operator.credits_granted' }),
        ...{ subject: z.string().nullable(), reason: z.string().nullable() },
      }),
    ),
    nextCursor: z.string().nullable(),
  })
  .openapi('OperatorLogPage') satisfies z.ZodType<OperatorLogPage>;

/** The door of the operator's page, and the log of what is done behind it. */
export function operatorSessionRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { access, log } = context.services.operators;
  const fromOf = originReader(context);
  const router = createRouter();
  const cookie = {
    httpOnly: true,
    sameSite: 'Strict',
    path: '/api/admin',
    secure: context.config.appUrl.startsWith('https:'),
  } as const;
  const operators = operatorRoute(context);
  const path = '/api/admin/session';

  router.openapi(
    createRoute({
      ...{ ...operators, method: 'get', path },
      summary: 'The session of the operator’s page',
      responses: { 200: json(sessionSchema, 'It goes on.'), ...errors(...REFUSED) },
    }),
    async (c) => {
      const { userId } = operatorOf(c);
      const { view } = await access.authenticate(userId, getCookie(c, OPERATOR_COOKIE));
      return c.json(view, 200);
    },
  );

  router.openapi(
    createRoute({
      ...{ ...operators, method: 'post', path },
      middleware: requireOperatorsAccount(context),
      summary: 'Sign in to the operator’s page: password, code, and what for',
      request: { body: jsonBody(signInBody) },
      responses: {
        201: json(sessionSchema, 'A cookie for `/api/admin` carries it.'),
        ...errors(
          'unauthenticated',
          'token_expired',
          'not_found',
          'invalid_request',
          'wrong_password',
          'second_factor_required',
          'second_factor_missing',
          'rate_limited',
          'busy',
        ),
      },
    }),
    async (c) => {
      const { userId, requestId } = operatorOf(c);
      const wish = { ...c.req.valid('json'), userId, requestId, from: fromOf(c) };
      const { token, view } = await access.signIn(wish);
      setCookie(c, OPERATOR_COOKIE, token, { ...cookie, maxAge: OPERATOR_SESSION_SECONDS });
      return c.json(view, 201);
    },
  );

  router.openapi(
    createRoute({
      ...{ ...operators, method: 'delete', path },
      summary: 'Sign out of the operator’s page',
      responses: { 204: { description: 'Over.' }, ...errors(...REFUSED) },
    }),
    async (c) => {
      await access.signOut(operatorOf(c), getCookie(c, OPERATOR_COOKIE));
      deleteCookie(c, OPERATOR_COOKIE, cookie);
      return c.body(null, 204);
    },
  );

  router.openapi(
    createRoute({
      ...{ ...operators, method: 'get', path: '/api/admin/log' },
      summary: 'What operators did and looked at',
      request: { query: pageQuery },
      responses: {
        200: json(logSchema, 'The newest first; `nextCursor` leads to the next page.'),
        ...errors(...REFUSED, 'invalid_request'),
      },
    }),
    async (c) => {
      const { cursor, limit } = c.req.valid('query');
      return c.json(await log.read(cursor, limit), 200);
    },
  );

  return router;
}
