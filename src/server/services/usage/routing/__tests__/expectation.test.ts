import { describe, expect, test } from 'vitest';
import type { Admission } from '../../../../../db/repositories/usage/admission/admit.ts';
import type { AdmissionMode } from '../../../../../db/repositories/usage/admission/admit-all.ts';
import { CHANCE_BATCHES, Expectation, MEMORY_BATCHES } from '../expectation.ts';

const answer = (more: Partial<Admission> = {}): Admission => ({
  ...{ outcome: 'accepted', used: 1, limit: 10, remaining: 9, held: 0, reservationId: null },
  ...{ waits: false, beyond: 0, drawn: { credits: 0, overage: 0 }, ...more },
});
const FIT = answer();
const BY_CALL = answer({ byCall: true });
const DRAWN = answer({ beyond: 1 });
const MIXED = answer({ beyond: 1, byCall: true });

/** The modes expected of these batches, each known by one of its answers, and of the one behind them. */
function modes(batches: readonly Admission[]): AdmissionMode[] {
  const expectation = new Expectation();
  const seen = batches.map((one) => {
    const { mode } = expectation;
    expectation.learn(mode, [FIT, one]);
    return mode;
  });
  return [...seen, expectation.mode];
}
const times = <T>(n: number, of: T): T[] => Array.from({ length: n }, () => of);

describe('11 what a batch is expected to be', () => {
  test.each<[string, Admission[], AdmissionMode]>([
    ['what fits', [FIT], 'whole'],
    ['what one source pays', [DRAWN], 'drawn'],
    ['what one source might pay', [MIXED], 'drawn'],
    ['a refusal', [answer({ outcome: 'rejected', byCall: true })], 'mixed'],
    ['a refusal by a member’s limit', [answer({ outcome: 'member_limit', byCall: true })], 'mixed'],
    ['a key that answered before', [answer({ outcome: 'repeat_of_accepted' })], 'careful'],
    ['a key with another body', [answer({ outcome: 'conflict' })], 'careful'],
    ['a day’s first call, once', [BY_CALL], 'whole'],
    [
      'a day’s first calls, now and then',
      [BY_CALL, ...times(CHANCE_BATCHES, FIT), BY_CALL],
      'whole',
    ],
    ['members with limits', [BY_CALL, BY_CALL], 'mixed'],
    ['members with limits beside teams beyond their quota', times(3, MIXED), 'mixed'],
  ])('after %s', (_, batches, mode) => {
    expect(modes(batches).at(-1)).toBe(mode);
  });

  test('what is decided call by call again and again is not tried otherwise', () => {
    expect(modes(times(3 * MEMORY_BATCHES, BY_CALL)).slice(2)).toEqual(
      times(3 * MEMORY_BATCHES - 1, 'mixed'),
    );
  });

  test('holds, which have no choice, teach nothing of it', () => {
    const expectation = new Expectation();
    for (let n = 0; n < 3; n += 1) expectation.learn(null, [BY_CALL]);
    expect(expectation.mode).toBe('whole');
    for (let n = 0; n < 3; n += 1) expectation.learn(null, [MIXED]);
    expect(expectation.mode).toBe('drawn');
  });

  test('and is forgotten when it comes no more', () => {
    const before = [BY_CALL, BY_CALL];
    expect(modes([...before, ...times(MEMORY_BATCHES - 1, FIT)]).at(-1)).toBe('mixed');
    expect(modes([...before, ...times(MEMORY_BATCHES, FIT)]).at(-1)).toBe('whole');
  });
});
