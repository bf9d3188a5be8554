import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { signUp, type Customer } from '../support/customer.ts';

/** How many requests; 20,000 in the long suite. POISON_SEED repeats a run. */
const RUNS = Number(process.env['POISON_RUNS'] ?? 400);
const SEED = Number(process.env['POISON_SEED'] ?? 7);

interface Operation {
  method: string;
  path: string;
}

let app: TestApp;
let customer: Customer;
let operations: Operation[];
let ids: string[];

beforeAll(async () => {
  app = await startTestApp();
  customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  const made = await Promise.all([
    customer.api.post<{ id: string }>('/api/api-keys', { name: 'bot' }),
    customer.api.post<{ id: string }>('/api/characters', {
      ...{ name: 'Mira', description: '', greeting: 'Hi', shared: true },
    }),
  ]);
  const payments = await customer.payments();
  ids = [
    ...made.map(({ body }) => body.id),
    ...payments.map(({ id }) => id),
    ...[customer.tenantId, customer.session.user.id, await customer.priceOf('team', 'month')],
    ...['2026-05', '2026-13', 'pro', 'messages', 'images', '7'],
  ];
  const { body } = await customer.api.get<{ paths: Record<string, object> }>('/api/openapi.json');
  operations = Object.entries(body.paths)
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => ({ method, path })))
    // The account would be gone for all that follow.
    .filter(({ method, path }) => !(method === 'delete' && path === '/api/tenant'));
});
afterAll(() => app?.stop());

const poison = () =>
  fc.oneof(
    fc.constantFrom<unknown>(
      ...['', ' ', '\0', '\ud800', '\udfff\ud800', '=1+1', '../..', '%00', '%', "' or 1=1 --"],
      ...['10000-01-01T00:00:00Z', '+275760-09-13T00:00:00Z', '0000-00-00', 'Infinity', '1e400'],
      ...[null, true, -1, 0, 1.5, 1e21, 999_999_999_999_999, Number.MAX_SAFE_INTEGER],
      ...[Buffer.from('999999999999999:x').toString('base64url'), 'x'.repeat(10_000)],
      ...[
        [],
        {},
        { $gt: '' },
        { __proto__: null, constructor: 1 },
        JSON.parse('['.repeat(500) + ']'.repeat(500)),
      ],
    ),
    fc.constantFrom<unknown>(...ids),
    fc.string({ unit: 'binary' }),
    fc.double(),
  );

const NAMES = [
  ...['priceId', 'prorationDate', 'immediately', 'reason', 'email', 'password', 'displayName'],
  ...['name', 'scopes', 'expiresAt', 'message', 'characterId', 'model', 'prompt', 'description'],
  ...['greeting', 'shared', 'locale', 'token', 'events', 'tenantId', 'resourceType', 'amount'],
  ...['idempotencyKey', 'metadata', 'enforce', 'occurredAt', 'ttlSeconds', 'confirm', 'now'],
  ...['currentPassword', 'newPassword', 'title', 'conversationId', 'code'],
];
const QUERY = ['period', 'days', 'cursor', 'limit', 'search'];

const text = (value: unknown) =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? '');

/** A browser and a proxy write what they are told; half a pair cannot even be written. */
const inAddress = (value: unknown) =>
  encodeURIComponent(text(value).toWellFormed()).slice(0, 2_000);

/** A busy machine may say for a moment that it is; what is asked for again is answered then. */
async function unlessBusy<T extends { status: number; retryAfter: string | null }>(
  ask: () => Promise<T>,
): Promise<T> {
  let answer = await ask();
  for (let tries = 0; answer.status === 503 && answer.retryAfter && tries < 10; tries += 1) {
    answer = await ask();
  }
  return answer;
}

test('10.9 whatever is sent, nothing is answered with 500', async () => {
  const request = fc.record({
    operation: fc.constantFrom(...operations),
    inPath: fc.array(poison(), { minLength: 3, maxLength: 3 }),
    query: fc.dictionary(fc.constantFrom(...QUERY), poison(), { maxKeys: 2 }),
    body: fc.oneof(
      fc.dictionary(fc.constantFrom(...NAMES), poison(), { maxKeys: 6 }),
      fc.record({
        events: fc.array(fc.dictionary(fc.constantFrom(...NAMES), poison()), { maxLength: 4 }),
      }),
      poison(),
    ),
    bearer: fc.constantFrom(customer.session.accessToken, app.usageIngestToken, 'sqk_made-up'),
  });
  await fc.assert(
    fc.asyncProperty(request, async ({ operation, inPath, query, body, bearer }) => {
      let part = 0;
      const path = operation.path.replace(
        /\{\w+\}/g,
        () => inAddress(inPath[(part += 1) - 1]) || 'x',
      );
      const search = Object.entries(query).map(([name, value]) => `${name}=${inAddress(value)}`);
      const ask = async () => {
        const gone = new AbortController();
        const answer = await fetch(`${app.url}${path}?${search.join('&')}`, {
          method: operation.method.toUpperCase(),
          headers: { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json' },
          signal: gone.signal,
          ...(operation.method === 'get' ? {} : { body: JSON.stringify(body) ?? 'null' }),
        });
        const isStream = answer.headers.get('content-type')?.includes('event-stream') === true;
        const said = isStream ? '' : await answer.text();
        gone.abort();
        return { status: answer.status, retryAfter: answer.headers.get('retry-after'), said };
      };
      const { status, said } = await unlessBusy(ask);
      expect({ ...operation, status, said }).toEqual({
        ...operation,
        status: expect.toSatisfy((told: number) => told < 500),
        said,
      });
    }),
    { numRuns: RUNS, seed: SEED },
  );
}, 1_200_000);
