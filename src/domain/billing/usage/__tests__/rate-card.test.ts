import { describe, expect, test } from 'vitest';
import { cardAt, weigh, weightsOf, WEIGHT_ONE, type RateCard } from '../rate-card.ts';

const weights = (input: number, cached: number, output: number) => ({ input, cached, output });

describe('12.6 units of a call', () => {
  test.each([
    ['of weight 1 are its tokens', weights(1e6, 1e6, 1e6), [300, 20, 7], 327],
    ['are the weighed sum', weights(500_000, 50_000, 3e6), [1_000, 1_000, 100], 850],
    ['are rounded up, once', weights(333_333, 333_333, 333_333), [1, 1, 1], 1],
    ['are never nothing', weights(1, 1, 1), [1, 0, 0], 1],
    ['of no tokens are none', weights(1e6, 1e6, 1e6), [0, 0, 0], 0],
    ['stay exact when large', weights(1e9, 1e9, 1e9), [9e9, 1, 0], 9_000_000_001_000],
  ])('%s', (_case, by, [input, cached, output], units) => {
    expect(weigh({ input: input!, cached: cached!, output: output! }, by)).toBe(units);
  });
});

const card = (version: number, at: string, models: string[]): RateCard => ({
  version,
  effectiveAt: new Date(at),
  weights: Object.fromEntries(
    models.map((model) => [model, weights(WEIGHT_ONE, WEIGHT_ONE, version * WEIGHT_ONE)]),
  ),
});
const CARDS = [card(1, '1970-01-01', ['*']), card(2, '2026-11-10T12:00:00Z', ['small'])];

test.each([
  ['before the second begins', '2026-11-10T11:59:59.999Z', 1],
  ['at the instant at which it begins', '2026-11-10T12:00:00Z', 2],
])('12.6 the card in force %s (failure case 51)', (_case, at, version) => {
  expect(cardAt(CARDS, new Date(at))?.version).toBe(version);
});

test('12.6 a model that is not named has the weights of *, or none (failure case 52)', () => {
  expect(weightsOf(CARDS[0]!, 'small')?.output).toBe(WEIGHT_ONE);
  expect(weightsOf(CARDS[0]!, null)?.output).toBe(WEIGHT_ONE);
  expect(weightsOf(CARDS[1]!, 'small')?.output).toBe(2 * WEIGHT_ONE);
  expect(weightsOf(CARDS[1]!, 'other')).toBeUndefined();
  expect(weightsOf(CARDS[1]!, 'constructor')).toBeUndefined();
  expect(weightsOf(CARDS[1]!, null)).toBeUndefined();
});
