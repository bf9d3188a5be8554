import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { signUp, type Customer } from '../support/customer.ts';
import { caller, type Answer } from '../support/http.ts';

/** Before all calls hang none goes well; in the long form also 5, 10 … up to so many times 5. */
const DEPTH = Number(process.env.HANG_DEPTH_COUNT ?? 0);
const WITHIN_MS = 15_000;

let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(async () => app?.stop());

/** From the call after the next `good` ones on, none is answered. */
const hang = async (good: number) => {
  const failNext = Array.from({ length: 1_000 }, (_, n) => ({
    status: 'hang',
    when: 'before',
    nth: n === 0 ? good + 1 : 1,
  }));
  const answer = await caller(app.stripeUrl).post('/_control/chaos', { failNext });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
};
beforeEach(async () => {
  await caller(app.stripeUrl).post('/_control/chaos', { failNext: [] });
});

type Verb = (customer: Customer) => Promise<Answer>;
const post =
  (path: string, body: object = {}): Verb =>
  ({ api }) =>
    api.post(`/api/subscription/${path}`, body);
const toTeam =
  (path: string): Verb =>
  async (customer) =>
    customer.api.post(`/api/subscription/${path}`, { priceId: team });
let team: string;

/** Every verb that waits for Stripe, of somebody on Pro. */
const VERBS: Record<string, Verb> = {
  checkout: toTeam('checkout'),
  preview: toTeam('preview'),
  upgrade: toTeam('upgrade'),
  portal: post('portal'),
  cancel: post('cancel'),
  'cancel now': post('cancel', { immediately: true }),
  resume: post('resume'),
  sync: post('sync'),
  'delete tenant': ({ api }) => api.delete('/api/tenant', { confirm: 'Round table' }),
};

async function timed(verb: Verb, customer: Customer) {
  const begun = performance.now();
  const answer = await verb(customer);
  return { answer, tookMs: performance.now() - begun };
}

describe('10.22 while Stripe hangs', () => {
  test.each(Array.from({ length: DEPTH + 1 }, (_, n) => n * 5))(
    'after %i more calls, every write is answered within 15 s and never as a missing database',
    { timeout: 180_000 },
    async (good) => {
      const onPro = async (name: string) => {
        const customer = await signUp(app);
        await customer.subscribe('pro', 'month');
        team ??= await customer.priceOf('team', 'month');
        return { name, customer };
      };
      // More at once than there are connections for it.
      const people = await Promise.all(Object.keys(VERBS).map(onPro));
      // Who clicks again waits no longer for it.
      const clicking = await onPro('cancel');
      await hang(good);
      const answers = await Promise.all(
        [...people, clicking, clicking, clicking].map(async ({ name, customer }) => ({
          name,
          ...(await timed(VERBS[name]!, customer)),
        })),
      );
      for (const { name, answer, tookMs } of answers) {
        const told = `${name}: ${answer.status} ${JSON.stringify(answer.body)} in ${Math.round(tookMs)} ms`;
        expect(answer.status === 503 || answer.status < 500, told).toBe(true);
        expect(answer.body['code'], told).not.toBe('database_unavailable');
        expect(tookMs, told).toBeLessThan(WITHIN_MS);
        if (answer.status === 503)
          expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      }
      // What needs no Stripe went on: its connections were nobody's.
      expect((await people[0]!.customer.api.get('/api/subscription/usage')).status).toBe(200);
    },
  );
});
