import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { signUp, type Customer } from '../support/customer.ts';
import { caller, type Answer } from '../support/http.ts';
import { bought, buy, openPack, purchases } from '../support/packs.ts';
import { billed, draw, overQuota } from '../support/statements.ts';
import { agree, agreeWith, putTopUp } from '../support/top-ups.ts';

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

type Verb = (customer: Customer) => Promise<Answer<object>>;

/** A verb that needs something to be there: what is made of the customer before anything hangs. */
interface Prepared {
  before: (customer: Customer) => Promise<unknown>;
  verb: Verb;
}

const ofNewest =
  (what: 'sync' | 'cancel' | 'refund'): Verb =>
  async (customer) =>
    customer.api.post(`/api/credits/purchases/${newest.get(customer.tenantId)}/${what}`);
/** A purchase, or a statement, by its team: looked up before anything hangs. */
const newest = new Map<string, string>();
const afterBuying = (isPaid: boolean) => async (customer: Customer) => {
  await (isPaid ? bought(customer, 'small') : openPack(customer, 'small'));
  newest.set(customer.tenantId, (await purchases(customer))[0]!.id);
};
const afterBill = async (customer: Customer) => {
  await draw(await overQuota(customer), 200);
  newest.set(customer.tenantId, (await billed(customer)).id);
};
const ADDRESS = { country: 'DE', line1: 'Weg 1', city: 'Ulm', postalCode: '89073' };
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
const VERBS: Record<string, Verb | Prepared> = {
  checkout: toTeam('checkout'),
  preview: toTeam('preview'),
  upgrade: toTeam('upgrade'),
  portal: post('portal'),
  cancel: post('cancel'),
  'cancel now': post('cancel', { immediately: true }),
  resume: post('resume'),
  sync: post('sync'),
  'delete tenant': ({ api }) => api.delete('/api/tenant', { confirm: 'Round table' }),
  'delete account': ({ api }) =>
    api.delete('/api/auth/me', { password: 'correct horse battery', confirm: 'Round table' }),
  'billing details': ({ api }) => api.get('/api/billing/details'),
  'new billing details': ({ api }) =>
    api.put('/api/billing/details', { name: 'Ada Ltd', address: ADDRESS, taxIds: [] }),
  'pack checkout': (customer) => buy(customer, 'small'),
  'pack sync': { before: afterBuying(false), verb: ofNewest('sync') },
  'pack given up': { before: afterBuying(false), verb: ofNewest('cancel') },
  'pack refund': { before: afterBuying(true), verb: ofNewest('refund') },
  'statement sync': {
    before: afterBill,
    verb: ({ api, tenantId }) =>
      api.post(`/api/subscription/statements/${newest.get(tenantId)}/sync`),
  },
  'automatic purchase': (customer) => agree(customer),
  'automatic purchase ended': {
    before: (customer) => agreeWith(customer),
    verb: (customer) => putTopUp(customer, { enabled: false }),
  },
};

const verbOf = (name: string): Prepared => {
  const one = VERBS[name]!;
  return 'verb' in one ? one : { before: () => Promise.resolve(), verb: one };
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
        await verbOf(name).before(customer);
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
          ...(await timed(verbOf(name).verb, customer)),
        })),
      );
      for (const { name, answer, tookMs } of answers) {
        const told = `${name}: ${answer.status} ${JSON.stringify(answer.body)} in ${Math.round(tookMs)} ms`;
        expect(answer.status === 503 || answer.status < 500, told).toBe(true);
        expect(answer.body, told).not.toMatchObject({ code: 'database_unavailable' });
        expect(tookMs, told).toBeLessThan(WITHIN_MS);
        if (answer.status === 503)
          expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      }
      // What needs no Stripe went on: its connections were nobody's.
      expect((await people[0]!.customer.api.get('/api/subscription/usage')).status).toBe(200);
    },
  );
});
