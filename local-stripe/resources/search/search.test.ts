import { expect, test } from 'vitest';
import { matcherOf } from './match.ts';
import { parseQuery } from './query.ts';

const wu = {
  email: 'wu@example.com',
  name: 'Wu Lan',
  phone: null,
  created: 100,
  metadata: { tenant: 't_1', seats: '12', "it's": 'a "quote"' },
};

const found = (query: string) => matcherOf('customer', parseQuery(query))(wu);

test.each([
  ["email:'WU@example.com'", true],
  ['email:"someone@example.com"', false],
  ['-email:"someone@example.com"', true],
  ['name~"lan"', true],
  ['created>99 AND created<=100', true],
  ['created>100 OR name:"wu lan"', true],
  ['created>100 name:"wu lan"', false],
  ["metadata['tenant']:'t_1'", true],
  ['metadata["tenant"]:"t_2"', false],
  ['metadata["seats"]>9', true],
  ['metadata["none"]:null', true],
  ['-metadata["tenant"]:null', true],
  ['phone:null', true],
  ["metadata['it\\'s']:'a \"quote\"'", true],
])('%s: %s', (query, expected) => {
  expect(found(query)).toBe(expected);
});

test.each([
  '',
  'email',
  'email:',
  'nonsense:"x"',
  'created~"1"',
  'email~"wu"',
  'created>"soon"',
  'metadata:"x"',
  'email:"a" AND',
  'email:"a" AND name:"b" OR name:"c"',
  'email[“a”]:"b"',
  Array.from({ length: 11 }, () => 'created>1').join(' AND '),
])('`%s` is refused', (query) => {
  expect(() => found(query)).toThrow('unable to parse your search query');
});
