import { stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { DECOY_HASH, PasswordHasher } from '../password.ts';

const hasher = new PasswordHasher();

test('a password opens its own hash and no other', async () => {
  const hash = await hasher.hash('correct horse');
  expect(await hasher.verify(hash, 'correct horse')).toBe(true);
  expect(await hasher.verify(hash, 'correct horse ')).toBe(false);
  expect(await hasher.verify(undefined, 'correct horse')).toBe(false);
});

test('the decoy costs what a real hash costs', async () => {
  const parameters = (hash: string) => hash.split('$').slice(0, 4);
  expect(parameters(DECOY_HASH)).toEqual(parameters(await hasher.hash('anything')));
});

test('a crowd leaves worker threads to others, and everybody gets a turn', async () => {
  const ended: string[] = [];
  const crowd = Array.from({ length: 20 }, () =>
    hasher.hash('correct horse').then(() => ended.push('hash')),
  );
  await stat(import.meta.filename).then(() => ended.push('file'));
  await Promise.all(crowd);
  expect(ended.indexOf('file')).toBeLessThan(4);
  expect(ended).toHaveLength(21);
});

test('a crowd that would wait too long is sent away, and the rest still get their turn', async () => {
  const busy = new PasswordHasher();
  const attempts = Array.from({ length: 510 }, () => busy.verify('not a hash', 'x'));
  const outcomes = await Promise.allSettled(attempts);
  const sentAway = outcomes.filter(
    (outcome) => outcome.status === 'rejected' && outcome.reason.code === 'busy',
  );
  expect(sentAway).toHaveLength(510 - 502);
  expect(await busy.verify(undefined, 'x')).toBe(false);
});
