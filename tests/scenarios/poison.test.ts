import { randomInt, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { signUp, type Customer } from '../support/customer.ts';
import { makeOperator, type SignedInOperator } from '../support/operator.ts';
import {
  filled,
  operationsOf,
  type ApiDocument,
  type Operation,
} from '../support/generated-requests.ts';

/**
 * How many requests; 20,000 in the long suite, other ones each time: what fails names the seed, and POISON_SEED
 * repeats it. The suite sends the same ones always.
 */
const RUNS = Number(process.env['POISON_RUNS'] ?? 400);
const drawn = RUNS > 400 ? randomInt(2 ** 31) : 7;
const SEED = Number(process.env['POISON_SEED'] ?? drawn);

/** Of so many requests one may be told that the machine has no time for it now, which is asked again. */
const REQUESTS_A_BUSY_ONE = 200;
let busy = 0;

let app: TestApp;
let customer: Customer;
let operator: SignedInOperator;
/** Who asks: what a request shows of them. */
let callers: Record<string, string>[];
let document: ApiDocument;
let operations: Operation[];
let known: Record<string, readonly unknown[]>;
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
  const staff = await signUp(app, 'Staff');
  operator = await makeOperator(app, staff);
  callers = [
    ...[customer.session.accessToken, app.usageIngestToken, 'sqk_made-up'].map(bearer),
    { ...bearer(staff.session.accessToken), Cookie: operator.cookie },
  ];
  ids = [
    ...made.map(({ body }) => body.id),
    ...payments.map(({ id }) => id),
    ...[customer.tenantId, customer.session.user.id, await customer.priceOf('team', 'month')],
    ...['2026-05', '2026-13', 'pro', 'messages', 'images', '7'],
  ];
  known = {
    ...{ priceId: [await customer.priceOf('team', 'month')], tenantId: [customer.tenantId] },
    ...{ memberId: [customer.session.user.id], characterId: [made[1]!.body.id], uuid: ids },
    ...{ packId: ['small'], currency: ['cny'], minorPerCredit: ['12'], country: ['DE'] },
    ...{ email: ['who@example.com'], 'date-time': [new Date(Date.now() + 60_000).toISOString()] },
    ...{ type: ['eu_vat'], timeZone: ['Asia/Shanghai'], period: ['2026-05'] },
  };
  document = (await customer.api.get<ApiDocument>('/api/openapi.json')).body;
  operations = operationsOf(document)
    // The account, or the operator's session, would be gone for all that follow.
    .filter(({ method, path }) => method !== 'delete' || !ENDS.includes(path));
});
afterAll(() => app?.stop());

const poison = () =>
  fc.oneof(
    fc.constantFrom<unknown>(
      ...['', ' ', '\0', '\ud800', '\udfff\ud800', '=1+1', '../..', '%00', '%', "' or 1=1 --"],
      ...['10000-01-01T00:00:00Z', '+275760-09-13T00:00:00Z', '0000-00-00', 'Infinity', '1e400'],
      ...['0000-01-01T00:00:00Z', '9999-12-31T23:59:59-23:59', 253_402_300_800],
      Buffer.from(`[false,"0000-01-01T00:00:00Z","${randomUUID()}"]`).toString('base64url'),
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
const ENDS = ['/api/tenant', '/api/admin/session'];

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

const text = (value: unknown) =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? '');

/** A browser and a proxy write what they are told; half a pair cannot even be written. */
const inAddress = (value: unknown) =>
  encodeURIComponent(text(value).toWellFormed()).slice(0, 2_000);

/** A busy machine may say for a moment that it is, by `busy` and nothing else; what is asked again is answered. */
async function unlessBusy<T extends { status: number; said: string }>(
  ask: () => Promise<T>,
): Promise<T> {
  let answer = await ask();
  for (let tries = 0; isBusy(answer) && tries < 10; tries += 1) {
    busy += 1;
    answer = await ask();
  }
  return answer;
}

const isBusy = ({ status, said }: { status: number; said: string }) =>
  status === 503 && (JSON.parse(said) as { code?: unknown }).code === 'busy';

/** Good in all but one value, so that this comes past what looks at the others; anything at all without. */
interface Shape {
  seed: number;
  poison: unknown;
}

function bodyOf({ body }: Operation, { seed, poison }: Shape, other: unknown): unknown {
  const made = body && seed % 3 > 0 ? filled(body, { document, known, seed, poison }) : other;
  const isEnd = (made as { act?: unknown } | null)?.act === 'delete_tenant';
  return isEnd ? { ...(made as object), dryRun: true } : made;
}

/** Of what the operation may be asked, as much as there is poison for. */
function searchOf({ query }: Operation, { seed }: Shape, values: unknown[]): string {
  return values
    .slice(0, query.length)
    .map((value, n) => `${query[(n + seed) % query.length]!.name}=${inAddress(value)}`)
    .join('&');
}

test('10.9 whatever is sent, nothing is answered with 500', async () => {
  const request = fc.record({
    operation: fc.constantFrom(...operations),
    shape: fc.record({ seed: fc.nat(), poison: poison() }),
    inPath: fc.array(poison(), { minLength: 3, maxLength: 3 }),
    query: fc.array(poison(), { maxLength: 2 }),
    body: fc.oneof(
      fc.dictionary(fc.constantFrom(...NAMES), poison(), { maxKeys: 6 }),
      fc.record({
        events: fc.array(fc.dictionary(fc.constantFrom(...NAMES), poison()), { maxLength: 4 }),
      }),
      poison(),
    ),
    caller: fc.nat(),
  });
  await fc.assert(
    fc.asyncProperty(request, async ({ operation, shape, inPath, query, body: other, caller }) => {
      const body = bodyOf(operation, shape, other);
      let part = 0;
      const path = operation.path.replace(
        /\{\w+\}/g,
        () => inAddress(inPath[(part += 1) - 1]) || 'x',
      );
      const search = searchOf(operation, shape, query);
      // Behind the operators' door nobody else gets anywhere.
      const isInside = operation.path.startsWith('/api/admin/') && caller % 4 > 0;
      const shown = isInside ? callers.at(-1)! : callers[caller % callers.length]!;
      const ask = async () => {
        const gone = new AbortController();
        const answer = await fetch(`${app.url}${path}?${search}`, {
          method: operation.method.toUpperCase(),
          headers: { ...shown, 'Content-Type': 'application/json' },
          signal: gone.signal,
          ...(operation.method === 'get' ? {} : { body: JSON.stringify(body) ?? 'null' }),
        });
        const isStream = answer.headers.get('content-type')?.includes('event-stream') === true;
        const said = isStream ? '' : await answer.text();
        gone.abort();
        return { status: answer.status, said };
      };
      const { status, said } = await unlessBusy(ask);
      const { method } = operation;
      expect({ method, path, body, status, said }).toEqual({
        ...{ method, path, body },
        status: expect.toSatisfy((told: number) => told < 500),
        said,
      });
    }),
    { numRuns: RUNS, seed: SEED },
  );
  expect(busy).toBeLessThanOrEqual(Math.ceil(RUNS / REQUESTS_A_BUSY_ONE));
  // Both were inside all the time.
  expect((await operator.send('GET', '/api/admin/session')).status).toBe(200);
  expect((await customer.api.get('/api/subscription')).status).toBe(200);
}, 1_200_000);
