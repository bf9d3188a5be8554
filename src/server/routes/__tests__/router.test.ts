import { createRoute, z } from '@hono/zod-openapi';
import { expect, test } from 'vitest';
import { errorHandler } from '../../middleware/error-handler.ts';
import { jsonBody } from '../responses.ts';
import { createRouter } from '../router.ts';

const schema = z
  .strictObject({ amount: z.number().optional(), deep: z.strictObject({}).optional() })
  .refine((said) => Object.keys(said).length > 0, 'must say something');

const app = createRouter();
app.onError(errorHandler);
app.openapi(
  createRoute({
    method: 'post',
    path: '/',
    request: { body: jsonBody(schema) },
    responses: { 204: { description: 'Good.' } },
  }),
  (c) => c.body(null, 204),
);

const JSON_TYPE = 'application/json';

test.each<[string, string, number, (string | RegExp)?]>([
  ['{"amount": 1}', JSON_TYPE, 204],
  ['{"amount": "1"}', JSON_TYPE, 400, /^The request is not valid \(amount: .+\)\.$/],
  ['{"foo": 1}', JSON_TYPE, 400, /^The request is not valid \(Unrecognized key: "foo"\)\.$/],
  ['{"deep": {"foo": 1}}', JSON_TYPE, 400, /^The request is not valid \(deep: .+"foo"\)\.$/],
  ['{}', JSON_TYPE, 400, 'The request is not valid (must say something).'],
  ['null', JSON_TYPE, 400, /^The request is not valid \(.+ null\)\.$/],
  ['{', JSON_TYPE, 400, 'The body is not valid JSON.'],
  ['', JSON_TYPE, 400, 'The body is not valid JSON.'],
  ['amount=1', 'application/x-www-form-urlencoded', 400, /^Send the body as JSON, with /],
  ['{"amount": 1}', 'text/plain', 400, /^Send the body as JSON, with /],
])(
  'a body of %j as %s is answered %i, in a sentence that says why',
  async (body, type, status, sentence) => {
    const answer = await app.request('/', {
      method: 'POST',
      body,
      headers: { 'content-type': type },
    });
    expect(answer.status).toBe(status);
    if (sentence === undefined) return;
    const told = (await answer.json()) as { error: string; code: string };
    expect(told.code).toBe('invalid_request');
    expect(told.error).toMatch(sentence);
  },
);
