import { expect, test } from 'vitest';
import { emailFault, passwordFault } from '../credentials.ts';
import { safeNext } from '../next-address.ts';

test.each([
  ['/subscription?session_id=cs_1', '/subscription?session_id=cs_1'],
  ['/checkout/return?session_id=cs_1#x', '/checkout/return?session_id=cs_1#x'],
  ['https://evil.example', '/chat'],
  ['//evil.example', '/chat'],
  ['/\\evil.example', '/chat'],
  ['/login?next=/login', '/chat'],
  [undefined, '/chat'],
  [['/a', '/b'], '/chat'],
])('after login, %j leads to %s', (next, expected) => {
  expect(safeNext(next)).toBe(expected);
});

test.each([
  ['', 'required'],
  ['mei', 'email'],
  ['mei@example', 'email'],
  [' mei@example.com ', null],
])('the e-mail %j: %s', (value, fault) => {
  expect(emailFault(value)).toBe(fault);
});

test('a password is asked for, and then for its length', () => {
  expect(passwordFault('', 8)).toBe('required');
  expect(passwordFault('seven77', 8)).toBe('password');
  expect(passwordFault('eight888', 8)).toBeNull();
});
