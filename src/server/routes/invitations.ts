import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { InvitationOffer, InvitationView } from '../../domain/api.ts';
import { ROLES } from '../../domain/ids.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { requireUser } from '../middleware/auth.ts';
import { emailField, idParam, mailedToken } from './fields.ts';
import { teamSchema } from './members.ts';
import { errors, json, jsonBody, signedOut, userToken } from './responses.ts';
import { createRouter } from './router.ts';
import { requesterOf } from './subscription.ts';

const invitationSchema = z
  .object({
    id: z.uuid(),
    email: z.string(),
    role: z.enum(ROLES),
    state: z.enum(['open', 'expired']),
    inviter: z.string().nullable(),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
  })
  .openapi('Invitation') satisfies z.ZodType<InvitationView>;

const offerSchema = z
  .object({
    team: z.string(),
    inviter: z.string().nullable(),
    email: z.string(),
    role: z.enum(ROLES),
    expiresAt: z.iso.datetime(),
    hasAccount: z.boolean(),
  })
  .openapi('InvitationOffer') satisfies z.ZodType<InvitationOffer>;

const newBody = z
  .strictObject({ email: emailField, role: z.enum(ROLES).default('member') })
  .openapi('NewInvitation');

const managing = [...signedOut, 'team_role_required'] as const;

/** Invitations to a team: sent by owners and admins, accepted by who has the mail. */
export function invitationRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { invitations } = context.services;
  const router = createRouter();
  const tags = ['Team'];
  const person = { tags, security: userToken, middleware: requireUser(context) };

  router.openapi(
    createRoute({
      ...person,
      method: 'get',
      path: '/api/invitations',
      summary: 'Invitations that were neither accepted nor revoked',
      responses: {
        200: json(z.object({ invitations: z.array(invitationSchema) }), 'The newest first.'),
        ...errors(...managing),
      },
    }),
    async (c) => c.json({ invitations: await invitations.list(requesterOf(c)) }, 200),
  );

  router.openapi(
    createRoute({
      ...person,
      method: 'post',
      path: '/api/invitations',
      summary: 'Invite somebody by mail',
      description: 'The link works once, for seven days. An open invitation keeps a seat.',
      request: { body: jsonBody(newBody) },
      responses: {
        201: json(invitationSchema, 'The mail is on its way.'),
        ...errors(
          ...managing,
          'invalid_request',
          'already_member',
          'already_invited',
          'seats_full',
          'rate_limited',
        ),
      },
    }),
    async (c) => c.json(await invitations.invite(requesterOf(c), c.req.valid('json')), 201),
  );

  router.openapi(
    createRoute({
      ...person,
      // Not a POST beside `look` and `accept`: one expression could not tell a name from an id.
      method: 'put',
      path: '/api/invitations/{id}/link',
      summary: 'Mail an invitation again, for another seven days',
      description: 'The link of the mail before opens nothing any more.',
      request: { params: idParam },
      responses: {
        200: json(invitationSchema, 'The mail is on its way.'),
        ...errors(...managing, 'invalid_request', 'not_found', 'seats_full', 'rate_limited'),
      },
    }),
    async (c) => c.json(await invitations.resend(requesterOf(c), c.req.valid('param').id), 200),
  );

  router.openapi(
    createRoute({
      ...person,
      method: 'delete',
      path: '/api/invitations/{id}',
      summary: 'Revoke an invitation',
      request: { params: idParam },
      responses: {
        204: { description: 'Its link opens nothing any more.' },
        ...errors(...managing, 'invalid_request', 'not_found'),
      },
    }),
    async (c) => {
      await invitations.revoke(requesterOf(c), c.req.valid('param').id);
      return c.body(null, 204);
    },
  );

  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/invitations/look',
      tags,
      summary: 'What an invitation offers, by the token of its mail',
      request: { body: jsonBody(mailedToken) },
      responses: {
        200: json(offerSchema, 'It may be accepted.'),
        ...errors('invalid_request', 'invitation_over'),
      },
    }),
    async (c) => c.json(await invitations.look(c.req.valid('json').token), 200),
  );

  router.openapi(
    createRoute({
      ...person,
      method: 'post',
      path: '/api/invitations/accept',
      summary: 'Join the team, by the token of the mail',
      description:
        'With an account of the address that was invited. Switch to the team afterwards.',
      request: { body: jsonBody(mailedToken) },
      responses: {
        200: json(teamSchema, 'You belong to it.'),
        ...errors(
          ...signedOut,
          'wrong_account',
          'invalid_request',
          'seats_full',
          'invitation_over',
        ),
      },
    }),
    async (c) => {
      return c.json(await invitations.accept(requesterOf(c), c.req.valid('json').token), 200);
    },
  );

  return router;
}
