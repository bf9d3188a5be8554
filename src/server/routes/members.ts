import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { MembersView, MemberView, TeamView } from '../../domain/api.ts';
import { ROLES } from '../../domain/ids.ts';
import { AMOUNT_MAX } from '../services/usage/calls/validation.ts';
import { PLANS } from '../../domain/plans.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { limitActs, requireUser, userOf } from '../middleware/auth.ts';
import { errors, json, jsonBody, signedOut, userToken } from './responses.ts';
import { createRouter } from './router.ts';
import { requesterOf } from './subscription.ts';

export const teamSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    plan: z.enum(PLANS),
    role: z.enum(ROLES),
    current: z.boolean().openapi({ description: 'Whether the access token names it.' }),
  })
  .openapi('Team') satisfies z.ZodType<TeamView>;

const units = z.number().int();
const memberSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    email: z.string(),
    role: z.enum(ROLES),
    hasSeat: z.boolean().openapi({ description: 'Who has none reads and does nothing.' }),
    joinedAt: z.iso.datetime(),
    own: z.boolean(),
    usage: z
      .object({ llm_tokens: units, messages: units, images: units, api_calls: units })
      .nullable()
      .openapi({
        description: 'Of this month, where the ledger names who; `null`: too many to add up.',
      }),
    limits: z
      .object({
        llm_tokens: units.nullable(),
        messages: units.nullable(),
        images: units.nullable(),
        api_calls: units.nullable(),
      })
      .openapi({ description: 'Units a month that they may use; `null`: no limit of their own.' }),
  })
  .openapi('Member') satisfies z.ZodType<MemberView>;

const membersSchema = z
  .object({
    members: z.array(memberSchema),
    seats: z.object({ max: units, members: units, invited: units }),
  })
  .openapi('Members') satisfies z.ZodType<MembersView>;

const userParam = z.object({
  userId: z.uuid().openapi({ param: { name: 'userId', in: 'path' } }),
});
const roleBody = z.strictObject({ role: z.enum(ROLES) }).openapi('MemberChanges');
const limit = z
  .number()
  .int()
  .min(0)
  .max(AMOUNT_MAX)
  .nullable()
  .optional()
  .openapi({ description: 'Units a month; 0 is none at all, `null` or nothing is no limit.' });
const limitsBody = z
  .strictObject({ llm_tokens: limit, messages: limit, images: limit, api_calls: limit })
  .openapi('MemberLimits');
const seatBody = z.strictObject({ hasSeat: z.boolean() }).openapi('Seat');

const changing = [
  ...signedOut,
  'team_role_required',
  'rate_limited',
  'invalid_request',
  'not_found',
] as const;

/** The people of a team, and the teams of a person. */
export function memberRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { members } = context.services;
  const router = createRouter();
  const person = {
    tags: ['Team'],
    security: userToken,
    middleware: [requireUser(context), limitActs(context)],
  };

  router.openapi(
    createRoute({
      ...person,
      method: 'get',
      path: '/api/auth/teams',
      summary: 'The teams that you belong to',
      responses: {
        200: json(z.object({ teams: z.array(teamSchema) }), 'By their names.'),
        ...errors(...signedOut),
      },
    }),
    async (c) => c.json({ teams: await members.listTeams(userOf(c)) }, 200),
  );

  router.openapi(
    createRoute({
      ...person,
      method: 'get',
      path: '/api/members',
      summary: 'Who is in the team, what they used this month, and its seats',
      responses: {
        200: json(membersSchema, 'Owners first, then admins.'),
        ...errors(...signedOut, 'tenant_not_found'),
      },
    }),
    async (c) => c.json(await members.read(userOf(c)), 200),
  );

  router.openapi(
    createRoute({
      ...person,
      method: 'patch',
      path: '/api/members/{userId}',
      summary: 'Change somebody’s role',
      description:
        'Admins change members and admins; owners everybody. A team always has an owner.',
      request: { params: userParam, body: jsonBody(roleBody) },
      responses: {
        200: json(memberSchema, 'As they are now.'),
        ...errors(...changing, 'last_owner', 'state_changed'),
      },
    }),
    async (c) => {
      const { userId } = c.req.valid('param');
      const { role } = c.req.valid('json');
      return c.json(await members.changeRole(requesterOf(c), userId, role), 200);
    },
  );

  router.openapi(
    createRoute({
      ...person,
      method: 'delete',
      path: '/api/members/{userId}',
      summary: 'Take somebody out of the team, or leave it yourself',
      description:
        'Their API keys here end at once, and access within a minute. Their conversations stay theirs.',
      request: { params: userParam },
      responses: { 204: { description: 'They are out.' }, ...errors(...changing, 'last_owner') },
    }),
    async (c) => {
      await members.remove(requesterOf(c), c.req.valid('param').userId);
      return c.body(null, 204);
    },
  );

  router.openapi(
    createRoute({
      ...person,
      method: 'post',
      path: '/api/members/{userId}/ownership',
      summary: 'Hand your ownership over; you stay as an admin',
      request: { params: userParam },
      responses: {
        200: json(memberSchema, 'The new owner.'),
        ...errors(...changing, 'state_changed'),
      },
    }),
    async (c) => {
      const { userId } = c.req.valid('param');
      return c.json(await members.handOver(requesterOf(c), userId), 200);
    },
  );

  router.openapi(
    createRoute({
      ...person,
      method: 'put',
      path: '/api/members/{userId}/seat',
      summary: 'Give somebody a seat, or take it',
      description:
        'For owners. A plan with fewer seats takes them; this chooses who goes on acting. Who has none reads.',
      request: { params: userParam, body: jsonBody(seatBody) },
      responses: {
        200: json(memberSchema, 'As they are now.'),
        ...errors(...changing, 'seats_full', 'state_changed'),
      },
    }),
    async (c) => {
      const { userId } = c.req.valid('param');
      const { hasSeat } = c.req.valid('json');
      return c.json(await members.setSeat(requesterOf(c), userId, hasSeat), 200);
    },
  );

  router.openapi(
    createRoute({
      ...person,
      method: 'put',
      path: '/api/members/{userId}/limits',
      summary: 'Say how much somebody may use in a month',
      description:
        'For owners and admins, of those whom they manage. All limits in one, in the place of those before. They hold at once, for every call of theirs and of their API keys: 429 `member_limit` names whom to ask.',
      request: { params: userParam, body: jsonBody(limitsBody) },
      responses: {
        200: json(memberSchema, 'As they are now.'),
        ...errors(...changing, 'state_changed', 'database_unavailable'),
      },
    }),
    async (c) => {
      const { userId } = c.req.valid('param');
      const given = Object.entries(c.req.valid('json'));
      const limits = Object.fromEntries(given.filter(([, units]) => typeof units === 'number'));
      return c.json(await members.setLimits(requesterOf(c), userId, limits), 200);
    },
  );

  return router;
}
