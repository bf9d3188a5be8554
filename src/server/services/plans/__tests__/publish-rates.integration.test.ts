import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../tests/support/test-database.ts';
import { listRateCards } from '../../../../db/repositories/billing/rate-card.repository.ts';
import { cardAt } from '../../../../domain/billing/usage/rate-card.ts';
import { HandClock } from '../../usage/__tests__/service.ts';
import { publishRates } from '../publish-rates.ts';

let database: TestDatabase;
beforeAll(async () => void (database = await createTestDatabase()));
afterAll(() => database.drop());

const clock = new HandClock('2026-05-10T12:00:00Z');
const kinds = (input: number) => ({ input, cached: input, output: input });
/** Weights of one model, one unit a token as the first card has it, or more. */
const weighing = (units: number) => ({ '*': kinds(units * 1_000_000) });
const publish = (units: number, from?: string) =>
  publishRates(
    { db: database.db, clock },
    { weights: weighing(units), effectiveAt: from === undefined ? undefined : new Date(from) },
  );
/** What a token weighs of a call that begins then. */
const unitsAt = async (at: string) =>
  cardAt(await listRateCards(database.db), new Date(at))!.weights['*']!.input / 1_000_000;

test('12.6 a card cannot begin in the past', async () => {
  await expect(publish(2, '2026-05-10T11:59:59.999Z')).rejects.toThrow('cannot begin before');
  expect(await publish(1)).toBeUndefined();
});

test('12.6 a card takes the place of what was to begin after it, however far away that is', async () => {
  const [june, july, august] = ['2026-06-01', '2026-07-01', '2026-08-01'];
  expect(await publish(2, june)).toMatchObject({ version: 2, replaces: [] });
  // A year that was mistyped.
  expect(await publish(3, '2062-07-01')).toMatchObject({ version: 3, replaces: [] });
  expect(await publish(3, '2062-07-01')).toBeUndefined();
  expect(await publish(3, july)).toEqual({
    ...{ version: 4, effectiveAt: new Date(july!) },
    changes: ['*: input 2, cached 2, output 2 → input 3, cached 3, output 3'],
    replaces: [{ version: 3, effectiveAt: new Date('2062-07-01') }],
  });
  expect(await Promise.all([june!, july!, '2063-01-01'].map(unitsAt))).toEqual([2, 3, 3]);

  // What is in force, once more: nothing that was planned comes.
  expect(await publish(1)).toEqual({
    ...{ version: 5, effectiveAt: clock.now(), changes: [] },
    replaces: [
      { version: 2, effectiveAt: new Date(june!) },
      { version: 4, effectiveAt: new Date(july!) },
    ],
  });
  expect(await publish(1, august)).toBeUndefined();
  expect(await Promise.all([june!, july!, august!, '2063-01-01'].map(unitsAt))).toEqual([
    1, 1, 1, 1,
  ]);
});
