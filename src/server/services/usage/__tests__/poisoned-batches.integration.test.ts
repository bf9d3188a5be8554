import { randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { imbalances, meteredTenant } from '../../../../../tests/support/metered-tenant.ts';
import { countersOf } from '../../../../../tests/support/metering.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../tests/support/test-database.ts';
import type { AdmissionCall } from '../../../../db/repositories/usage/admission/admit.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { createQueues, type UsageQueues } from '../routing/queues.ts';
import { UsageRouter } from '../routing/router.ts';
import { HandClock } from './service.ts';

/**
 * Below every check: what no route lets through is put into the batches themselves, so that the net
 * under the checks holds for each of them.
 */
const RUNS = Number(process.env['POISON_BATCH_RUNS'] ?? 6);
const INNOCENTS = 8;
const PERIOD = '2027-12';
const clock = new HandClock(`${PERIOD}-10T12:00:00Z`);
let database: TestDatabase;
let queues: UsageQueues;
beforeAll(async () => {
  database = await createTestDatabase();
  queues = createQueues({
    router: new UsageRouter({ database }),
    clock,
    metrics: undefined,
  });
});
afterAll(async () => {
  expect(await imbalances(database.pool)).toEqual([]);
  await database.drop();
});

type Poison = Record<string, unknown>;

const deep = '['.repeat(20_000) + ']'.repeat(20_000);
const badNumbers = [2 ** 63, 1e300, 0.5, Number.NaN, -1];
const badDates = [new Date(Number.NaN), new Date(8.64e15), new Date(-8.64e15)];
const badJson = ['{"a":"\\u0000"}', '{"a":"\\ud800"}', '{', '\0', deep, '"\ud800'];
const badText = ['a\0b', randomBytes(20_000).toString('hex')];
const badIds = ['', 'x', '\0', '\ud800', '{', 'NULL', randomUUID().slice(1)];

const oneOf = (field: string, values: readonly unknown[]): Poison[] =>
  values.map((value) => ({ [field]: value }));
const admissionPoison = [
  ...oneOf('amount', badNumbers),
  ...oneOf('metadata', badJson),
  ...oneOf('key', badText),
  ...oneOf('fingerprint', [1e300, Number.NaN]),
  ...oneOf('tenantId', badIds),
];

const admission = (tenantId: string): AdmissionCall => ({
  ...{ tenantId, resourceType: 'images', amount: 1, enforce: true, key: randomUUID() },
  ...{ fingerprint: 7, metadata: '{"a":1}', reservationId: null, expiresAt: null },
});
const held = (tenantId: string): AdmissionCall => ({
  ...admission(tenantId),
  reservationId: randomUUID(),
  expiresAt: new Date(clock.now().getTime() + 60_000),
});
const admit = (call: AdmissionCall) =>
  queues.admissions.submit({ call, startedAt: clock.now() }, call.tenantId);

/** An open reservation, to be begun, settled or released. */
async function open(tenantId: string) {
  const call = held(tenantId);
  await admit(call);
  return { tenantId, reservationId: call.reservationId! };
}

/** Each path into a batch: what its calls are made of, what spoils one, and what a good one does. */
const paths: {
  name: string;
  make: (tenantId: string) => object | Promise<object>;
  submit: (call: never) => Promise<unknown>;
  poison: Poison[];
  does: { used: number; held: number };
}[] = [
  {
    ...{ name: 'consumptions', make: admission, submit: admit, poison: admissionPoison },
    does: { used: 1, held: 0 },
  },
  {
    ...{ name: 'reservations', make: held, submit: admit },
    poison: [
      ...admissionPoison,
      ...oneOf('reservationId', badIds),
      ...oneOf('expiresAt', [...badDates, null]),
      ...oneOf('startedAt', badDates),
    ],
    does: { used: 0, held: 1 },
  },
  {
    name: 'beginnings',
    make: async (tenantId) => ({ ...(await open(tenantId)), amount: 1, expiresAt: null }),
    submit: (call) => queues.beginnings.submit(call, (call as { tenantId: string }).tenantId),
    poison: [
      ...oneOf('amount', badNumbers),
      ...oneOf('expiresAt', badDates),
      ...oneOf('tenantId', badIds),
      ...oneOf('reservationId', badIds),
    ],
    does: { used: 0, held: 1 },
  },
  {
    name: 'settlements',
    make: async (tenantId) => ({ ...(await open(tenantId)), amount: 1, metadata: '{"b":1}' }),
    submit: (call) => queues.settlements.submit(call, (call as { tenantId: string }).tenantId),
    poison: [
      ...oneOf('amount', badNumbers),
      ...oneOf('metadata', badJson),
      ...oneOf('tenantId', badIds),
      ...oneOf('reservationId', badIds),
    ],
    does: { used: 1, held: 0 },
  },
  {
    name: 'releases',
    make: async (tenantId) => ({ ...(await open(tenantId)), amount: null, metadata: null }),
    submit: (call) => queues.settlements.submit(call, (call as { tenantId: string }).tenantId),
    poison: [...oneOf('tenantId', badIds), ...oneOf('reservationId', badIds)],
    does: { used: 0, held: 0 },
  },
  {
    name: 'look-ups',
    make: (tenantId) => ({ tenantId, resourceType: 'images', period: PERIOD }),
    submit: (call) => queues.lookups.submit(call, (call as { tenantId: string }).tenantId),
    poison: [
      ...oneOf('tenantId', badIds),
      ...oneOf('resourceType', ['', 'gold', '\ud800']),
      ...oneOf('period', ['', '9'.repeat(10_000), '\0', '{']),
    ],
    does: { used: 0, held: 0 },
  },
  {
    name: 'overages',
    make: (tenantId) => ({ tenantId, period: PERIOD }),
    submit: (call) => queues.overages.submit(call, (call as { tenantId: string }).tenantId),
    poison: [
      ...oneOf('tenantId', badIds),
      ...oneOf('period', ['', '9'.repeat(10_000), '\0', '{', '\ud800']),
    ],
    does: { used: 0, held: 0 },
  },
];

test('10.7 every queue there is has its paths', () => {
  const walked = ['admissions', 'beginnings', 'lookups', 'overages', 'settlements'];
  expect(Object.keys(queues).sort()).toEqual(walked);
});

describe('10.7 a poisoned call fails alone, below every check:', () => {
  test.each(paths)('$name', { timeout: 60_000 + RUNS * 5_000 }, async (path) => {
    const { make, submit, poison, does } = path;
    const one = fc.record({ poison: fc.constantFrom(...poison), among: fc.nat(INNOCENTS) });
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 5 }), async (guilty) => {
        const tenant = await meteredTenant(database.pool, 'team');
        const other = await meteredTenant(database.pool, 'team');
        const innocent = await Promise.all(Array.from({ length: INNOCENTS }, () => make(tenant)));
        const calls = innocent.map((call) => ({ call, good: true }));
        for (const { poison: spoils, among } of guilty) {
          calls.splice(among, 0, { call: { ...(await make(other)), ...spoils }, good: false });
        }
        const outcomes = await Promise.allSettled(calls.map(({ call }) => submit(call as never)));
        outcomes.forEach((outcome, place) => {
          if (calls[place]!.good) expect(outcome).toMatchObject({ status: 'fulfilled' });
          // Some poison is none to PostgreSQL; what it refuses is told as the caller's fault.
          else if (outcome.status === 'rejected') {
            expect(outcome.reason).toBeInstanceOf(BillingError);
            expect((outcome.reason as BillingError).status).toBeLessThan(500);
          }
        });
        expect((await countersOf(database.pool, tenant)).images).toEqual({
          used: does.used * INNOCENTS,
          held: does.held * INNOCENTS,
        });
      }),
      { numRuns: RUNS },
    );
  });
});
