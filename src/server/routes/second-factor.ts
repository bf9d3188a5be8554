import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { SecondFactorBegun, SecondFactorView } from '../../domain/api.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { requireUser, userOf } from '../middleware/auth.ts';
import { codeField, ownPassword } from './fields.ts';
import { originReader } from './request-origin.ts';
import { errors, json, jsonBody, signedOut, userToken } from './responses.ts';
import { createRouter } from './router.ts';

const viewSchema = z
  .object({ isOn: z.boolean(), recoveryCodesLeft: z.number().int() })
  .openapi('SecondFactor') satisfies z.ZodType<SecondFactorView>;
const begunSchema = z
  .object({ secret: z.string(), uri: z.string() })
  .openapi('SecondFactorBegun') satisfies z.ZodType<SecondFactorBegun>;
const codesSchema = z.object({ recoveryCodes: z.array(z.string()) }).openapi('RecoveryCodes');

const beginBody = z.strictObject({ password: ownPassword }).openapi('BeginSecondFactor');
const confirmBody = z.strictObject({ code: codeField }).openapi('SecondFactorCode');
const removeBody = z
  .strictObject({ password: ownPassword, code: codeField })
  .openapi('RemoveSecondFactor');

const PATH = '/api/auth/second-factor';
/** Codes of an app, asked for at sign-in besides the password. */
export function secondFactorRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { secondFactors } = context.services.auth.own;
  const fromOf = originReader(context);
  const router = createRouter();
  const own = { tags: ['Accounts'], security: userToken, middleware: requireUser(context) };

  router.openapi(
    createRoute({
      ...own,
      method: 'get',
      path: PATH,
      summary: 'Whether a second factor is asked for',
      responses: { 200: json(viewSchema, 'As it is now.'), ...errors(...signedOut) },
    }),
    async (c) => c.json(await secondFactors.read(userOf(c).userId), 200),
  );

  router.openapi(
    createRoute({
      ...own,
      method: 'post',
      path: PATH,
      summary: 'Begin a second factor: a secret for an app',
      request: { body: jsonBody(beginBody) },
      responses: {
        201: json(begunSchema, 'Nothing is asked for before a code of it was shown.'),
        ...errors(
          ...signedOut,
          'wrong_password',
          'invalid_request',
          'state_changed',
          'rate_limited',
          'busy',
        ),
      },
    }),
    async (c) => {
      const { password } = c.req.valid('json');
      return c.json(await secondFactors.begin(userOf(c).userId, password, fromOf(c)), 201);
    },
  );

  router.openapi(
    createRoute({
      ...own,
      method: 'post',
      path: `${PATH}/confirm`,
      summary: 'Put it in force by a first code; answers the recovery codes, once',
      request: { body: jsonBody(confirmBody) },
      responses: {
        200: json(codesSchema, 'Each works once, instead of a code of the app.'),
        ...errors(
          'unauthenticated',
          'token_expired',
          'second_factor_required',
          'forbidden',
          'invalid_request',
          'state_changed',
          'rate_limited',
        ),
      },
    }),
    async (c) => {
      const { userId } = userOf(c);
      const recoveryCodes = await secondFactors.confirm(userId, c.req.valid('json').code);
      return c.json({ recoveryCodes }, 200);
    },
  );

  router.openapi(
    createRoute({
      ...own,
      method: 'delete',
      path: PATH,
      summary: 'Ask for no second factor any more',
      request: { body: jsonBody(removeBody) },
      responses: {
        204: { description: 'Removed.' },
        ...errors(
          'unauthenticated',
          'token_expired',
          'second_factor_required',
          'forbidden',
          'wrong_password',
          'invalid_request',
          'rate_limited',
          'busy',
        ),
      },
    }),
    async (c) => {
      await secondFactors.remove(userOf(c).userId, { ...c.req.valid('json'), from: fromOf(c) });
      return c.body(null, 204);
    },
  );

  return router;
}
