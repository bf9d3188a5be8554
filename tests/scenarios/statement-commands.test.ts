import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import type { Customer } from '../support/customer.ts';
import { runOperatorCommand } from '../support/operator-command.ts';
import {
  alertsOf,
  billed,
  draw,
  invoicesOf,
  lookAgain,
  service,
  statement,
  stripeIsAway,
  subscriber,
} from '../support/statements.ts';

// Each command is a program to start.
vi.setConfig({ testTimeout: 240_000 });

const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-statements-'));
const NOBODY = '00000000-0000-4000-8000-000000000001';
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ TRIAL_DAYS: '0' });
});
afterAll(async () => {
  await app?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('12.23 statement:verify, of the file that a customer downloads', () => {
  /** Who opens a connection, to whatever it be, ends with 99. */
  const OFFLINE =
    'import net from "node:net"; import dns from "node:dns"; ' +
    'net.Socket.prototype.connect = dns.lookup = () => process.exit(99);';
  /** With settings under which no other command would get anywhere. */
  const verify = (...words: string[]) =>
    runOperatorCommand('statement:verify', words, {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(OFFLINE)}`,
      ...{ DATABASE_URL: 'no address', STRIPE_SECRET_KEY: 'no key', NODE_ENV: 'production' },
    });
  const kept = (name: string, content: string | Buffer) => {
    const file = path.join(folder, name);
    writeFileSync(file, content);
    return file;
  };
  let proofs: string[];
  let hashes: string[];
  let first: string;
  beforeAll(async () => {
    const customer = await subscriber(app);
    const bills = [];
    for (const pictures of [30, 40, 50]) {
      for (const part of [5, pictures - 5]) await draw(customer, part);
      bills.push(await billed(customer));
    }
    hashes = bills.map(({ sha256 }) => sha256);
    proofs = [];
    for (const { id } of bills) proofs.push(await downloaded(customer, id));
    first = proofs[0]!;
  });

  async function downloaded({ session }: Customer, id: string): Promise<string> {
    const answer = await fetch(`${app.url}/api/subscription/statements/${id}/proof.csv`, {
      headers: { Authorization: `Bearer ${session.accessToken}` },
    });
    expect(answer.status).toBe(200);
    return answer.text();
  }

  test('it is whole, and has the hash of the invoice', async () => {
    const file = kept('whole.csv', first);
    const { code, said, complained } = await verify(file);
    expect({ code, complained }).toEqual({ code: 0, complained: '' });
    expect(said).toMatch(/: statement \S+ is whole: \d+ movements, 720 \(in the smallest unit of/);
    expect(said).toContain(`Its hash, as on the invoice: ${hashes[0]}\n`);
    const { said: json } = await verify(file, '--json');
    expect(JSON.parse(json)).toMatchObject({
      ok: true,
      files: [{ name: file, findings: [], head: { sha256: hashes[0], amountMinor: '720' } }],
    });
  });

  const cutAt = (place: (text: string) => number) => () => first.slice(0, place(first));
  const CHANGED: [string, () => string | Buffer, number, RegExp][] = [
    [
      'one character of a movement',
      altered(/^draw,.*overage.*$/m),
      16,
      /movement is not as it was/,
    ],
    ['one character of its head', altered(/^currency,.*$/m), 15, /The head of the file, or a line/],
    ['one character of its sum', altered(/^amount_minor,.*$/m), 14, /its lines come to 720/],
    ['one character of its hash', altered(/^sha256,.*$/m), 15, /The head of the file, or a line/],
    ['cut after a movement', cutAt(lastLine), 11, /The movement \d+ is missing/],
    ['cut within a movement', cutAt((text) => text.length - 9), 10, /ends in the middle of a line/],
    [
      'cut within its lines',
      cutAt((text) => text.indexOf('\nline,') + 9),
      10,
      /lacks its seal, or/,
    ],
    ['cut within its head', cutAt((text) => text.indexOf('\nrows,') + 3), 10, /should say "rows"/],
    ['a movement twice', () => first + first.slice(lastLine(first)), 12, /is there twice/],
    ['two movements swapped', swapped, 13, /is not at its place/],
    ['no proof: another table', () => 'day,units\n2027-01-01,5\n', 10, /This is no proof of a st/],
    ['no proof: a picture', () => Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1]), 10, /no proof of a/],
    ['no proof: nothing', () => '', 10, /This is no proof of a statement/],
  ];
  test('what was changed is told, each way by its sentence and exit code', async () => {
    for (const [n, [what, content, exit, sentence]] of CHANGED.entries()) {
      const file = kept(`changed-${n}.csv`, content());
      const { code, said, complained } = await verify(file);
      expect({ code, complained }, what).toEqual({ code: exit, complained: '' });
      expect(said, what).toMatch(new RegExp(`^${file}: [^\\n]*${sentence.source}[^\\n]*\\.\\n$`));
    }
  });

  test('files follow one another, or one between them is missing', async () => {
    const files = proofs.map((text, n) => kept(`${n}.csv`, text));
    const all = await verify(...files);
    expect(all.code).toBe(0);
    expect(all.said.match(/is whole/g)).toHaveLength(3);
    for (const some of [[files[0]!, files[2]!], files.toReversed()]) {
      const { code, said } = await verify(...some);
      expect(code).toBe(17);
      expect(said).toContain('one between them is missing, or they are not in order.');
    }
    // What is wrong with one is said beside what is right with the others.
    const broken = kept('broken.csv', altered(/^draw,.*overage.*$/m)());
    const { code, said } = await verify(broken, files[1]!);
    expect(code).toBe(16);
    expect(said).toContain(`${files[1]}: statement`);
  });

  test('what cannot be opened, and nothing at all, is refused in a sentence', async () => {
    const missing = path.join(folder, 'missing.csv');
    expect(await verify(missing)).toEqual({
      ...{ code: 1, said: '', complained: `There is no file or folder ${missing}.\n` },
    });
    expect(await verify(folder)).toMatchObject({
      ...{ code: 1, complained: 'That is a folder, and a file is wanted.\n' },
    });
    const none = await verify();
    expect(none.code).toBe(2);
    expect(none.complained).toMatch(/^Say which file\.\n/);
    const { said } = await verify('--help');
    expect(said).toContain('10 it is no proof of a statement; 11 a movement is missing;');
  });

  /** The last digit of the line is another, or its last letter. */
  function altered(line: RegExp) {
    return () =>
      first.replace(line, (found) =>
        found.replace(/[0-9a-z](?=[^0-9a-z]*$)/, (end) => (end === '1' ? '2' : '1')),
      );
  }
  function lastLine(text: string): number {
    return text.lastIndexOf('\n', text.length - 2) + 1;
  }
  function swapped(): string {
    const lines = first.split('\n');
    const at = lines.findIndex((line) => line.startsWith('draw,'));
    return lines.toSpliced(at, 2, lines[at + 1]!, lines[at]!).join('\n');
  }
});

const WHY = ['--reason', 'TICKET-8 asks', '--by', 'Ada'];
type Verb = 'hold' | 'release' | 'write-off';
const env = () => ({
  ...{ DATA_DIR: folder, DATABASE_URL: app.database.url },
  ...{ STRIPE_API_BASE: app.stripeUrl, STRIPE_SECRET_KEY: 'sk_test_squaretable' },
});
const run = (verb: Verb, id: string, ...more: string[]) =>
  runOperatorCommand(`statement:${verb}`, ['--statement', id, ...WHY, ...more], env());
const told = (verb: string, state: string) => `${verb}:\n  state: ${state}\n  total: CN¥7.20\n`;
const done = (state: string) => ({ code: 0, said: told('Done', state), complained: '' });
const would = (state: string) => ({ ...done(state), said: told('It would do this', state) });
const tooLate = (sentence: string) => ({ code: 1, said: '', complained: `${sentence}\n` });

async function closed(): Promise<{ customer: Customer; id: string }> {
  const customer = await subscriber(app);
  await draw(customer, 30);
  const { id } = (await service(customer).close(customer.tenantId, { kind: 'threshold' }))!;
  // The task of every minute does not come between two commands.
  await app.database.pool.query(
    `update statements set look_at = look_at + interval '1 day' where id = $1`,
    [id],
  );
  return { customer, id };
}

describe('12.17 statement:hold, statement:release, statement:write-off', () => {
  test('a statement is held, released and written off, each with who and why', async () => {
    const { customer, id } = await closed();
    const released = 'The statement is closed: it is not held.';
    for (const looks of [['--dry-run'], []]) {
      expect(await run('release', id, ...looks)).toEqual(tooLate(released));
    }
    expect(await run('hold', id, '--dry-run')).toEqual(would('closed'));
    expect(await run('hold', id)).toEqual(done('held'));
    await service(customer).sweep();
    expect(await invoicesOf(customer)).toEqual([]);
    expect(await run('release', id, '--dry-run')).toEqual(would('held'));
    expect(await run('release', id)).toEqual(done('open'));
    expect(await invoicesOf(customer)).toMatchObject([{ status: 'open', total: 720 }]);
    const late = 'The statement is open: it is too late to hold it, or there is nothing to hold.';
    for (const looks of [['--dry-run'], []]) {
      expect(await run('hold', id, ...looks)).toEqual(tooLate(late));
    }
    expect(await run('write-off', id, '--dry-run')).toEqual(would('open'));
    expect(await invoicesOf(customer)).toMatchObject([{ status: 'open' }]);
    expect(await run('write-off', id)).toEqual(done('written_off'));
    expect(await invoicesOf(customer)).toMatchObject([{ status: 'void' }]);
    const gone = 'The statement is written_off: there is nothing of it to be written off.';
    for (const looks of [['--dry-run'], []]) {
      expect(await run('write-off', id, ...looks)).toEqual(tooLate(gone));
    }
    expect(await statement(customer, id)).toMatchObject({ state: 'written_off' });
    expect(await alertsOf(customer)).toEqual([]);
    const { rows } = await app.database.pool.query<{ action: string }>(
      `select action from audit_log where subject_id = $1 and actor_id = 'Ada'
         and cause = 'TICKET-8 asks' order by id`,
      [id],
    );
    expect(rows.map(({ action }) => action)).toEqual(
      ['hold', 'release', 'write_off'].map((act) => `statement.${act}_requested`),
    );
  });

  test('with Stripe away a wish is noted, which is said, and carried out later', async () => {
    const { customer, id } = await closed();
    await stripeIsAway(app, true);
    const { said, code } = await run('write-off', id);
    await stripeIsAway(app, false);
    expect({ said, code }).toEqual({
      ...{ code: 0, said: `${told('Done', 'closed')}  outcome: once Stripe answers\n` },
    });
    await lookAgain(customer, id);
    expect(await statement(customer, id)).toMatchObject({ state: 'written_off' });
    expect(await invoicesOf(customer)).toEqual([]);
  });

  const refused: [string, Verb, string[], number, RegExp][] = [
    [
      'unknown',
      'hold',
      ['--statement', NOBODY, ...WHY],
      1,
      /^There is no statement "0{8}[^\n]*\.\n$/,
    ],
    [
      'unknown',
      'release',
      ['--statement', NOBODY, ...WHY, '--dry-run'],
      1,
      /^There is no statement/,
    ],
    ['no id', 'write-off', ['--statement', 'x', ...WHY], 2, /^--statement "x" is no id\.\n/],
    ['none named', 'hold', WHY, 2, /^Say --statement ID\.\n/],
    ['no reason', 'release', ['--statement', NOBODY], 2, /^Say --reason TEXT\.\n/],
    ['less', 'write-off', ['--statement', NOBODY, '--reason', 'x'], 2, /^--reason takes 3 to 500/],
  ];
  test.each(refused)(
    '%s: statement:%s refuses that',
    async (_what, verb, words, exit, sentence) => {
      const ended = await runOperatorCommand(`statement:${verb}`, words, env());
      expect(ended.complained).toMatch(sentence);
      expect({ code: ended.code, said: ended.said }).toEqual({ code: exit, said: '' });
    },
  );

  test('where there is no database, or no account at Stripe, that is said', async () => {
    const words = ['--statement', NOBODY, ...WHY];
    const hold = (more: Record<string, string>) =>
      runOperatorCommand('statement:hold', words, { ...env(), ...more });
    expect(await hold({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })).toEqual({
      ...{ code: 4, said: '' },
      complained:
        'The database of DATABASE_URL cannot be reached: start it, or correct the address.\n',
    });
    expect(await hold({ STRIPE_SECRET_KEY: 'nonsense' })).toMatchObject({ code: 3, said: '' });
  });
});
