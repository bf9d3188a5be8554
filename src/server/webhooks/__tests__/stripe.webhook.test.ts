import { Hono } from 'hono';
import { Stripe } from 'stripe';
import { describe, expect, test } from 'vitest';
import type { AppEnv } from '../../app-env.ts';
import { Drain } from '../../drain.ts';
import { STRIPE_API_VERSION } from '../../config/stripe.config.ts';
import { createLog } from '../../log.ts';
import { errorHandler } from '../../middleware/error-handler.ts';
import { inOneStep } from '../../middleware/in-one-step.ts';
import { requestContext } from '../../middleware/request-context.ts';
import { toEventRow } from '../../services/billing/stripe-event/event-row.ts';
import { handleStripeWebhook } from '../stripe.webhook.ts';

const SECRETS = ['whsec_new', 'whsec_old'];
const log = createLog('silent', false);
const event = {
  id: 'evt_1',
  object: 'event',
  type: 'invoice.paid',
  created: 1_799_539_200,
  livemode: false,
  api_version: STRIPE_API_VERSION,
  data: { object: { id: 'in_1', object: 'invoice', customer: 'cus_1', name: '小方桌' } },
};
// Spaces and characters that a parse and a rewrite would not give back.
const BODY = JSON.stringify(event, null, 3).replace('小', '\\u5c0f');

function deliver(body: string, header: string | undefined, secrets = SECRETS, livemode = false) {
  const received: unknown[] = [];
  const app = new Hono<AppEnv>();
  app.use(inOneStep(requestContext(log)));
  app.onError(errorHandler);
  app.post(
    '/',
    handleStripeWebhook({
      access: { webhookSecrets: secrets, livemode },
      drain: new Drain(),
      events: {
        refuse: async () => {},
        alertApiVersion: async () => {},
        noteDelivery: async () => {},
        noteStranger: () => {},
        receive: async (one) => {
          const { payload } = toEventRow(one, new Date(0));
          return received.push(payload) > 0;
        },
      },
    }),
  );
  const headers = { ...(header === undefined ? {} : { 'Stripe-Signature': header }) };
  const answer = app.request('/', { method: 'POST', body, headers });
  return { answer: Promise.resolve(answer), received };
}

const sign = (payload: string, secret: string, timestamp?: number) =>
  Stripe.webhooks.generateTestHeaderString({
    payload,
    secret,
    ...(timestamp === undefined ? {} : { timestamp }),
  });
const nowSeconds = () => Math.floor(Date.now() / 1000);

test.each(SECRETS)('a delivery signed with %s is stored and answered', async (secret) => {
  const { answer, received } = deliver(BODY, sign(BODY, secret));
  expect((await answer).status).toBe(200);
  expect(await (await answer).json()).toEqual({ received: true });
  expect(received).toMatchObject([{ id: 'evt_1' }]);
});

describe('refused without a word why', () => {
  test.each([
    ['no signature', BODY, () => undefined],
    ['nonsense for a signature', BODY, () => 'nonsense'],
    ['a secret that is not ours', BODY, () => sign(BODY, 'whsec_theirs')],
    ['a signature of another body', BODY, () => sign(`${BODY} `, 'whsec_new')],
    ['a signature ten minutes old', BODY, () => sign(BODY, 'whsec_new', nowSeconds() - 600)],
    ['an empty body', '', () => sign('', 'whsec_new')],
    ['no JSON', 'hello', () => sign('hello', 'whsec_new')],
    ['JSON that is no event', '{"id": 1}', () => sign('{"id": 1}', 'whsec_new')],
    [
      'a thin event',
      '{"id":"evt_2","object":"v2.core.event"}',
      () => sign('{"id":"evt_2","object":"v2.core.event"}', 'whsec_new'),
    ],
  ])('%s', async (_, body, header) => {
    const { answer, received } = deliver(body, header());
    const { status } = await answer;
    const { error, details } = (await (await answer).json()) as Record<string, unknown>;
    expect({ status, error, details }).toEqual({
      status: 400,
      error: 'The webhook was refused.',
      details: {},
    });
    expect(received).toEqual([]);
  });

  test('everything, while no secret is set', async () => {
    const { answer, received } = deliver(BODY, sign(BODY, 'whsec_new'), []);
    expect((await answer).status).toBe(400);
    expect(received).toEqual([]);
  });

  test('an event of the other mode', async () => {
    const { answer, received } = deliver(BODY, sign(BODY, 'whsec_new'), SECRETS, true);
    expect((await answer).status).toBe(400);
    expect(received).toEqual([]);
  });
});

const deep = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown;
const withObject = (more: object) => ({
  ...event,
  data: { object: { ...event.data.object, ...more } },
});

test.each<[string, string]>([
  ['null', 'null'],
  ['a number', '7'],
  ['a list', '[]'],
  ['an event without an object', JSON.stringify({ ...event, data: {} })],
  [
    '20,000 levels',
    JSON.stringify(event).replace('"小方桌"', '['.repeat(20_000) + ']'.repeat(20_000)),
  ],
  ['101 levels', JSON.stringify(withObject({ lines: deep(101) }))],
  ['half a surrogate pair', JSON.stringify(event).replace('小', '\\ud800')],
  ['half a pair in a name', JSON.stringify(event).replace('"name"', '"\\udfff"')],
  ['NUL', JSON.stringify(event).replace('小', '\\u0000')],
  ['an id of a megabyte', JSON.stringify({ ...event, id: 'e'.repeat(1 << 20) })],
  ['a type of a megabyte', JSON.stringify({ ...event, type: 'e'.repeat(1 << 20) })],
  ['an object id of a megabyte', JSON.stringify(withObject({ id: 'i'.repeat(1 << 20) }))],
  ['an empty id', JSON.stringify({ ...event, id: '' })],
  ['a date beyond 9999', JSON.stringify({ ...event, created: 999_999_999_999_999 })],
  ['a date before 1970', JSON.stringify({ ...event, created: -1 })],
])('10.9 with a valid signature, %s is refused and nothing is kept', async (_, body) => {
  const { answer, received } = deliver(body, sign(body, SECRETS[0]!));
  expect((await answer).status).toBe(400);
  expect(received).toEqual([]);
});
