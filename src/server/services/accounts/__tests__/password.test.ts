import { expect, test } from 'vitest';
import { DECOY_HASH, hashPassword, verifyPassword } from '../password.ts';

test('a password opens its own hash and no other', async () => {
  const hash = await hashPassword('correct horse');
  expect(await verifyPassword(hash, 'correct horse')).toBe(true);
  expect(await verifyPassword(hash, 'correct horse ')).toBe(false);
  expect(await verifyPassword(undefined, 'correct horse')).toBe(false);
});

test('the decoy costs what a real hash costs', async () => {
  const parameters = (hash: string) => hash.split('$').slice(0, 4);
  expect(parameters(DECOY_HASH)).toEqual(parameters(await hashPassword('anything')));
});
