import { DrizzleQueryError } from 'drizzle-orm';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { BillingError, SetUpError } from '../../../domain/errors.ts';
import { errorFacts, errorText } from '../error-text.ts';
import { createLog } from '../../log.ts';

const SECRET = 'planted-secret';

/** As the driver makes it, with the row in its detail. */
function refusal(): pg.DatabaseError {
  const error = new pg.DatabaseError(`duplicate key (${SECRET})`, 1, 'error');
  return Object.assign(error, {
    severity: 'ERROR',
    code: '23505',
    detail: `Key (email)=(${SECRET}) already exists.`,
    table: 'users',
    constraint: 'users_email_unique',
    where: `SQL statement with ${SECRET}`,
  });
}
const wrapped = () => new DrizzleQueryError(`insert into users values ($1)`, [SECRET], refusal());

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe('10.11 what is told of an error', () => {
  test('of the database: code and names, never parameters, wherever it was wrapped', () => {
    const outer = new BillingError('internal', 'Something went wrong', { cause: wrapped() });
    const facts = errorFacts(outer);
    expect(JSON.stringify(facts)).not.toContain(SECRET);
    expect(facts).toMatchObject({
      type: 'BillingError',
      message: 'Something went wrong',
      cause: { cause: { code: '23505', table: 'users', constraint: 'users_email_unique' } },
    });
    expect(facts.cause?.stack).toContain('error-text.test.ts');
    expect(errorText(outer)).toBe(
      'the database refused a query (code 23505, table users, constraint users_email_unique)',
    );
  });

  test('not even a parameter that is written like a place in the code', () => {
    const error = new DrizzleQueryError('select $1', [`x\n    at ${SECRET}`], refusal());
    expect(error.stack).toMatch(new RegExp(`^ {4}at ${SECRET}$`, 'm'));
    const facts = errorFacts(error);
    expect(JSON.stringify(facts)).not.toContain(SECRET);
    expect(facts.stack).toContain('error-text.test.ts');
  });

  test('a log line under any name it is logged by', () => {
    const lines: string[] = [];
    const log = createLog('trace', false, { write: (line) => lines.push(line) });
    log.error(wrapped());
    log.error({ err: wrapped() }, 'text');
    log.child({ requestId: 'r' }).warn({ error: wrapped(), reason: refusal() }, 'text');
    log.warn({ cause: refusal() }, 'text');
    expect(lines).toHaveLength(4);
    expect(lines.join('')).not.toContain(SECRET);
    expect(lines.every((line) => line.includes('23505'))).toBe(true);
  });

  test.each([
    [
      'an error of ours',
      new BillingError('busy', 'Try again.', { cause: refusal() }),
      'Try again.',
    ],
    [
      'what keeps a start away',
      new SetUpError('The folder cannot be written: choose another.', {
        cause: new Error('EACCES'),
      }),
      'The folder cannot be written: choose another.',
    ],
    [
      'what could not be read',
      thrownBy(() => JSON.parse(`<p>${SECRET}</p>`)),
      'what was read is not valid JSON',
    ],
    [
      'what could not be read, over lines',
      thrownBy(() => JSON.parse(`a\n${SECRET}\n`)),
      'what was read is not valid JSON',
    ],
    [
      'a mail that was refused',
      new Error(
        `550 5.1.1 <${SECRET}@example.com>: no such user (Mei.${SECRET}+a@mail.example.org)`,
      ),
      '550 5.1.1 <…@…>: no such user (…@…)',
    ],
    [
      'an address at the end of a sentence',
      new Error(`Nobody is called ${SECRET}@mail.example.org.`),
      'Nobody is called …@….',
    ],
    [
      'a package that is missing',
      new Error('Cannot find module /srv/node_modules/@hono/node.js'),
      'Cannot find module /srv/node_modules/@hono/node.js',
    ],
    [
      'an address that we ourselves name to who asked',
      new BillingError('email_taken', 'a@example.com has an account.'),
      'a@example.com has an account.',
    ],
    ['a broken connection', new Error('wrap', { cause: new Error('ECONNRESET') }), 'ECONNRESET'],
    ['something that is no error', 'text', 'no Error was thrown'],
  ])('in a line: %s', (_, error, text) => {
    expect(errorText(error)).toBe(text);
    expect(JSON.stringify(errorFacts(error))).not.toContain(SECRET);
  });

  test('a word without an end keeps nobody waiting', () => {
    for (const word of ['x', '.x', '@', 'x@', '@x.']) {
      const error = new Error(`${word.repeat(1_000_000)} ${SECRET}@example.com`);
      expect(errorText(error)).not.toContain(SECRET);
    }
  });

  test('causes that go in a circle end', () => {
    const error = new Error('round');
    error.cause = error;
    expect(errorText(error)).toBe('round');
    expect(JSON.stringify(errorFacts(error)).length).toBeLessThan(20_000);
  });
});
