import { expect, test } from 'vitest';
import {
  databaseCode,
  isDatabaseAway,
  isDataRefused,
  isUnstorable,
  violatedConstraint,
} from '../database-error.ts';

const coded = (code: string) =>
  new Error('wrapped', { cause: Object.assign(new Error(), { code }) });

const SAYS = ['08006', '25006', '25P03', '25P04', '57014', '57P01', '57P03', '53300', '53100'];
const IS_SHUT = ['58030', '28P01', '3D000'];
const UNREACHED = ['ECONNREFUSED', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH', 'ENOTFOUND'];

const UNSAFE = [
  ...['CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN'],
  ...['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'EPROTO'],
  ...['ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_TLSV1_ALERT'],
];

test.each([...SAYS, ...IS_SHUT, ...UNREACHED, ...UNSAFE])(
  '10.22 %s means that the database is away for now: 503, and nothing is wrong with the call',
  (code) => {
    expect(isDatabaseAway(coded(code))).toBe(true);
    expect(isDataRefused(coded(code))).toBe(false);
  },
);

test.each([
  'The server does not support SSL connections',
  'There was an error establishing an SSL connection',
  'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string',
])('10.22 what the driver says without a code is the same: %s', (message) => {
  expect(isDatabaseAway(new Error('wrapped', { cause: new Error(message) }))).toBe(true);
});

test.each(['22021', '22P05', '22003', '23514', '54001'])(
  '10.7 %s is the fault of one value: its call fails alone',
  (code) => {
    expect(isDataRefused(coded(code))).toBe(true);
    expect(isDatabaseAway(coded(code))).toBe(false);
  },
);

test('10.7 a missing table is nobody’s value', () => {
  expect(isDataRefused(coded('42P01'))).toBe(false);
});

test.each([
  ['22021', true],
  ['22P05', true],
  ['22007', true],
  ['22008', true],
  ['22003', false],
  ['23514', false],
])('10.9 %s is what a client sent and nobody can store: %s', (code, isOne) => {
  expect(isUnstorable(coded(code))).toBe(isOne);
});

const NEGATIVE = 'new row for relation "t_102028" violates check constraint "not_negative"';

test.each([
  ['said by itself', { code: '23514', constraint: 'not_negative' }, '', 'not_negative'],
  ['in the message of a worker that handed it on', { code: '23514' }, NEGATIVE, 'not_negative'],
  ['none, where a function refuses', { code: '23514' }, 'the batch is not whole', undefined],
  ['none, where it is not what refused', { code: '42704' }, NEGATIVE, undefined],
])('11.3 the constraint that refused: %s', (_what, fields, message, found) => {
  const cause = Object.assign(new Error(message), fields);
  expect(violatedConstraint(new Error('wrapped', { cause }))).toBe(found);
});

test.each([
  ['23505', 'duplicate key value violates unique constraint "usage_pk_102022"'],
  ['23514', NEGATIVE],
  ['23514', 'no partition of relation "usage_102030" found for row'],
  ['23502', 'null value in column "id" of relation "usage_102030" violates not-null constraint'],
  ['40P01', 'deadlock detected'],
  ['XX000', 'tuple concurrently updated'],
])('11.3 %s of rows that a worker handed on: %s', (code, message) => {
  const cause = Object.assign(new Error(message), { code: 'XX000' });
  expect(databaseCode(new Error('wrapped', { cause }))).toBe(code);
});
