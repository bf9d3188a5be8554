import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { BillingError } from '../../../domain/errors.ts';
import type { AppEnv } from '../../app-env.ts';
import { createLog } from '../../log.ts';
import { errorHandler } from '../error-handler.ts';
import { inOneStep, type Step } from '../in-one-step.ts';
import { requestContext } from '../request-context.ts';

function appOf(seen: string[], ...steps: Step[]) {
  const app = new Hono<AppEnv>();
  app.onError(errorHandler);
  app.use(inOneStep(requestContext(createLog('silent', false)), ...steps));
  app.get('/', (c) => {
    seen.push('route');
    return c.text('done');
  });
  app.get('/broken', () => {
    throw new BillingError('busy', 'Too many.');
  });
  return app;
}

/** Tells that it began, and with which status it ended. */
const around =
  (name: string, seen: string[]): Step =>
  (c) => {
    seen.push(name);
    return async (rest) => {
      await rest();
      seen.push(`${name} ${c.res.status}`);
    };
  };

const refusesOnTheWay: Step = () => () =>
  Promise.reject(new BillingError('payload_too_large', 'Too large.'));

const refuses: Step = () => {
  throw new BillingError('payload_too_large', 'Too large.');
};

test.each([
  { name: 'nothing stands around', of: () => [], path: '/', status: 200, seen: ['route'] },
  {
    name: 'the first is outermost',
    of: (seen: string[]) => [around('one', seen), around('two', seen), around('three', seen)],
    path: '/',
    status: 200,
    seen: ['one', 'two', 'three', 'route', 'three 200', 'two 200', 'one 200'],
  },
  {
    name: 'what a route throws is answered within them',
    of: (seen: string[]) => [around('one', seen)],
    path: '/broken',
    status: 503,
    seen: ['one', 'one 503'],
  },
  {
    name: 'what a step refuses is answered within those before it',
    of: (seen: string[]) => [around('one', seen), refuses, around('two', seen)],
    path: '/',
    status: 413,
    seen: ['one', 'one 413'],
  },
  {
    name: 'so is what one refuses on the way',
    of: (seen: string[]) => [around('one', seen), refusesOnTheWay, around('two', seen)],
    path: '/',
    status: 413,
    seen: ['one', 'two', 'one 413'],
  },
  { name: 'a refusal with nothing around', of: () => [refuses], path: '/', status: 413, seen: [] },
])('steps: $name', async ({ of, path, status, seen }) => {
  const told: string[] = [];
  const answer = await appOf(told, ...of(told)).request(path);
  expect([answer.status, told]).toEqual([status, seen]);
});
