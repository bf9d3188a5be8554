import { expect, test } from 'vitest';
import { laterExpiry, passesLuhn, readCardForm, readExpiry } from './card-form.ts';
import { pageIn } from './page.ts';
import { offeredTestCards } from './test-cards.ts';

const november2026 = Date.UTC(2026, 10, 15) / 1000;
const good = { number: '4242 4242 4242 4242', expiry: '12 / 34', cvc: '123', name: '' };

test.each([
  ['12 / 34', { month: 12, year: 2034 }],
  ['1234', { month: 12, year: 2034 }],
  ['1/30', { month: 1, year: 2030 }],
  ['01-2031', { month: 1, year: 2031 }],
  ['13/30', null],
  ['00/30', null],
  ['soon', null],
  ['', null],
])('expiry %s', (text, expected) => {
  expect(readExpiry(text)).toEqual(expected);
});

test.each([
  [{}, []],
  [{ number: '' }, ['number']],
  [{ number: '4242424242424241' }, ['number']],
  [{ number: '42' }, ['number']],
  [{ number: '<script>' }, ['number']],
  [{ expiry: '10/26' }, ['expiry']],
  [{ expiry: '11/26' }, []],
  [{ cvc: '12' }, ['cvc']],
  [{ cvc: '12345' }, ['cvc']],
  [{ number: '', expiry: '', cvc: '' }, ['cvc', 'expiry', 'number']],
])('a card with %o has errors at %o', (change, fields) => {
  const { errors } = readCardForm(pageIn('en'), { ...good, ...change }, november2026);
  expect(Object.keys(errors).sort()).toEqual(fields);
});

test('every offered test card passes the form', () => {
  for (const { number } of offeredTestCards) {
    const values = { ...good, number, expiry: laterExpiry(november2026) };
    expect(passesLuhn(number)).toBe(true);
    expect(readCardForm(pageIn('zh'), values, november2026).errors).toEqual({});
  }
});
