import { expect, test } from 'vitest';
import { lastWords } from '../embedded/last-words.ts';

const REFUSED = '[7] FATAL:  the database system is not yet accepting connections';
const STARTING = '[8] FATAL:  the database system is starting up';
const FULL = '[5] FATAL:  could not write to file "pg_wal/xlogtemp.5": No space left on device';
const PANIC = '[5] PANIC:  could not write to file "pg_wal/xlogtemp.5": No space left on device';
const SHUT_DOWN = '[1] LOG:  database system is shut down';

test.each([
  ['its own failure, not whom it refused meanwhile', [REFUSED, STARTING, FULL, SHUT_DOWN], FULL],
  ['what it panicked of, before all else', [REFUSED, FULL, PANIC, SHUT_DOWN], PANIC],
  ['what is no failure of its own, where nothing else is said', [REFUSED, SHUT_DOWN], SHUT_DOWN],
  ['nothing of a log without a line', [], ''],
])('of a log is told %s', (_, lines, told) => {
  expect(lastWords(lines.join('\n'))).toBe(told);
});
