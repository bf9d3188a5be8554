import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ConfigError } from '../../src/server/config/env.ts';
import { LEAVES_ITS_LINE } from '../../src/domain/storable.ts';
import { BillingError, SetUpError } from '../../src/domain/errors.ts';
import type { Command, Flags, Input } from './command-types.ts';
import { execute, CommandUsageError } from './command.ts';
import {
  typedCredits,
  typedFile,
  typedId,
  typedMinor,
  typedPeriod,
  typedResource,
  typedUnits,
  typedWhole,
} from './typed.ts';

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  scripts: Record<string, string>;
};

/** Every command of an operator, and whether it changes anything. */
const COMMANDS: [name: string, writes: boolean][] = [
  ['db:migrate', true],
  ['stripe:setup', true],
  ['stripe:backfill', true],
  ['stripe:import', true],
  ['doctor', false],
  ['reconcile', true],
  ['events:replay', true],
  ['usage:verify', true],
  ['usage:archive', true],
  ['usage:correct', true],
  ['allowance:add', true],
  ['credits:grant', true],
  ['credits:refund', true],
  ['credits:revoke', true],
  ['plans:publish', true],
  ['rates:publish', true],
  ['overage:trust', true],
  ['statement:hold', true],
  ['statement:release', true],
  ['statement:write-off', true],
  ['statement:verify', false],
  ['usage:spread', true],
  ['community:reports', false],
  ['community:hide', true],
  ['grace:extend', true],
  ['invoice:refund', true],
  ['subscription:end', true],
  ['tenant:delete', true],
  ['mail:resend', true],
  ['alert:resolve', true],
  ['person:export', false],
  ['operator:grant', true],
  ['operator:revoke', true],
];

const programOf = (command: string) => /scripts\/[\w/-]+\.ts/.exec(command)?.[0];

test('14.4 every program that is made of this module is a command of this list', () => {
  const made = Object.entries(scripts).filter(([, command]) => {
    const program = programOf(command);
    return program !== undefined && readFileSync(program, 'utf8').includes('await runCommand(');
  });
  expect(made.map(([name]) => name).toSorted()).toEqual(COMMANDS.map(([name]) => name).toSorted());
});

test.each(COMMANDS)('14.4 %s is made of this module, and offers --dry-run: %s', (name, writes) => {
  const program = readFileSync(programOf(scripts[name]!)!, 'utf8');
  expect(program).toContain(`await runCommand({\n  name: '${name}',`);
  expect(program).not.toMatch(/process\.argv|parseArgs|console\./);
  expect(program.includes('\n  writes: true,')).toBe(writes);
  expect(program.includes('dryRun')).toBe(writes);
});

const asked: Input<Flags>[] = [];
const paint = {
  name: 'check',
  about: 'Paints a door.',
  examples: [['--colour red 12', 'paints number twelve red']],
  flags: {
    colour: { type: 'string', value: 'NAME', about: 'which', required: true },
    twice: { type: 'boolean', about: 'so that it lasts' },
    why: { type: 'string', value: 'TEXT', about: 'is told', length: { min: 3, max: 9 } },
    coat: { type: 'string', value: 'N', about: 'of which tin', with: 'twice' },
  },
  words: { name: 'the number of the door', max: 1 },
  writes: true,
  run: (input) => {
    asked.push(input as Input<Flags>);
    const needsPerson = input.values.colour === 'wet';
    return Promise.resolve({ lines: ['Painted.', 'Let it dry.'], data: { doors: 1 }, needsPerson });
  },
} satisfies Command<{
  colour: { type: 'string'; value: string; about: string; required: true };
  twice: { type: 'boolean'; about: string };
  why: { type: 'string'; value: string; about: string; length: { min: number; max: number } };
  coat: { type: 'string'; value: string; about: string; with: string };
}>;

test('14.4 what was typed is handed over, flags and words', async () => {
  const ended = await execute(paint, ['--colour', 'red', '12', '--dry-run']);
  expect(ended).toEqual({ exit: 0, said: 'Painted.\nLet it dry.' });
  expect(asked.at(-1)).toMatchObject({
    values: { colour: 'red', twice: false },
    words: ['12'],
    dryRun: true,
  });
});

test('what customers wrote becomes no line of its own, and moves no cursor', async () => {
  const forged = 'nice\n42  99 reports, shared\r\x1b[2J\x1b]0;title\x07\u009b1A\u2028\u202e';
  const list = {
    ...{ name: 'list', about: 'Lists.', examples: [['', 'lists'] as const] },
    run: () => Promise.resolve({ lines: ['1  2 reports', `  ${forged}`], data: { forged } }),
  } satisfies Command<Flags>;
  const { said } = await execute(list, []);
  expect(said.split('\n')).toEqual([
    '1  2 reports',
    '  nice\\u000a42  99 reports, shared\\u000d\\u001b[2J\\u001b]0;title\\u0007\\u009b1A\\u2028\\u202e',
  ]);
  // Programs get it as it is.
  const forPrograms = await execute(list, ['--json']);
  expect(JSON.parse(forPrograms.said)).toMatchObject({ forged });
  const fails = { ...list, run: () => Promise.reject(new Error(`${forged} is gone.`)) };
  const { complained = '' } = await execute(fails, []);
  expect(complained.split('\n').filter((line) => LEAVES_ITS_LINE.test(line))).toEqual([]);
});

test('14.4 --json prints the same for programs, --help how it is typed', async () => {
  const { said, exit } = await execute(paint, ['--json', '--colour=wet']);
  expect([exit, JSON.parse(said)]).toEqual([1, { ok: false, doors: 1 }]);
  const help = await execute(paint, ['--help', '--whatever']);
  expect(help.exit).toBe(0);
  for (const words of [
    'Paints a door.',
    'npm run check -- --colour red 12',
    '--dry-run',
    '(needed)',
    'Exit codes: 0 done',
  ]) {
    expect(help.said).toContain(words);
  }
  const { writes: _, ...looks } = paint;
  expect((await execute(looks, ['--help'])).said).not.toContain('--dry-run');
  expect((await execute(looks, ['--colour=red', '--dry-run'])).exit).toBe(2);
});

test.each([
  ['an unknown flag', ['--colour=red', '--dry-rum'], /^Unknown option '--dry-rum'/],
  ['a flag without its value', ['--colour'], /^Option '--colour <value>' argument missing/],
  [
    'a value for a flag that has none',
    ['--colour=red', '--twice=yes'],
    /does not take an argument/,
  ],
  ['a flag that is needed', ['12'], /^Say --colour NAME\./],
  ['less than a flag takes', ['--colour=red', '--why=  x '], /^--why takes 3 to 9 characters\./],
  ['more than it takes', ['--colour=red', '--why', 'x'.repeat(10)], /^--why takes 3 to 9/],
  [
    'a flag that is there twice',
    ['--colour=red', '--colour', 'blue'],
    /^--colour is there twice\./,
  ],
  [
    'a flag without the one it belongs to',
    ['--colour=red', '--coat=1'],
    /^--coat goes with --twice\./,
  ],
  ['a word too many', ['--colour=red', '12', 'all'], /^"all" is one word too many\./],
])('14.4 %s is refused before anything is done, with the usage', async (_what, typed, sentence) => {
  const before = asked.length;
  const { exit, said, complained } = await execute(paint, typed);
  expect(complained).toMatch(sentence);
  expect(complained).toContain('npm run check');
  expect([exit, said, asked.length]).toEqual([2, '', before]);
});

const away = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
test.each<[string, Error, number, RegExp]>([
  ['mistyped', new CommandUsageError('No such door.'), 2, /^No such door\./],
  ['a setting', new ConfigError('PORT must be a number.'), 3, /^PORT/],
  ['a wrong password', Object.assign(new Error('x'), { code: '28P01' }), 3, /refuses the password/],
  ['no database of the name', Object.assign(new Error('x'), { code: '3D000' }), 3, /no database/],
  [
    'a database without our tables',
    Object.assign(new Error('x'), { code: '42P01' }),
    3,
    /db:migrate/,
  ],
  ['one that is half migrated', Object.assign(new Error('x'), { code: '42703' }), 3, /db:migrate/],
  ['a database that is away', away, 4, /^The database of DATABASE_URL cannot be reached/],
  ['the same, wrapped', new Error('query', { cause: away }), 4, /cannot be reached/],
  [
    'a Stripe that is away',
    new BillingError('stripe_unavailable', 'It is looked up.'),
    4,
    /^It is looked up\. Stripe cannot be/,
  ],
  [
    'what is done once a server is back',
    new BillingError('database_unavailable', 'It is written down: do not repeat it.', {
      cause: away,
    }),
    4,
    /^It is written down: do not repeat it\. The database/,
  ],
  [
    'a file that is missing',
    Object.assign(new Error('x'), { code: 'ENOENT', syscall: 'open', path: 'a.csv' }),
    1,
    /^There is no file or folder a\.csv\.$/,
  ],
  [
    'a folder in place of a file',
    Object.assign(new Error('x'), { code: 'EISDIR', syscall: 'read' }),
    1,
    /^That is a folder/,
  ],
  [
    'a file that is there',
    Object.assign(new Error('x'), { code: 'EEXIST', syscall: 'open', path: 'a.json' }),
    1,
    /^a\.json is there already/,
  ],
  [
    'a folder that cannot be written',
    new SetUpError('The folder: choose another.', {
      cause: Object.assign(new Error('x'), { code: 'EACCES' }),
    }),
    3,
    /^The folder: choose another\.$/,
  ],
  ['a server that is away', new SetUpError('Start it.', { cause: away }), 4, /^Start it\.$/],
  [
    'a local Stripe that is away',
    new SetUpError('Start it.', { cause: new BillingError('stripe_unavailable', 'x') }),
    4,
    /^Start it\.$/,
  ],
  ['anything else', new Error('The door is gone.'), 1, /^The door is gone\.$/],
])('14.4 %s ends with its code', async (_what, error, exit, sentence) => {
  const fails = { ...paint, run: () => Promise.reject(error) };
  const ended = await execute(fails, ['--colour=red']);
  expect(ended.exit).toBe(exit);
  expect(ended.complained).toMatch(sentence);
  const json = await execute(fails, ['--colour=red', '--json']);
  expect(JSON.parse(json.said)).toMatchObject({
    ok: false,
    error: expect.stringMatching(sentence),
  });
});

const days = { min: 1, max: 30 };
test.each<[typed: string, read: () => unknown, said: RegExp]>([
  ['a month', () => typedPeriod('2026-13'), /^--period "2026-13" is no month/],
  ['a year long gone', () => typedPeriod('1026-01'), /^--period/],
  ['an id', () => typedId('grant', 'x'), /^--grant "x" is no id/],
  ['no resource', () => typedResource('songs'), /^There is no resource "songs"/],
  ['half a day', () => typedWhole('days', '0.5', days), /^--days "0.5": .* from 1 to 30\./],
  ['too many days', () => typedWhole('days', '31', days), /^--days "31"/],
  ['another base', () => typedWhole('days', '0x1', days), /^--days "0x1"/],
  ['nothing of money', () => typedMinor('amount-minor', '0'), /^--amount-minor "0"/],
  ['a decimal sum', () => typedMinor('amount-minor', '3.00'), /^--amount-minor .*as 300 for 3\.00/],
  ['a sum by exponent', () => typedMinor('amount-minor', '1e3'), /^--amount-minor/],
  ['more than a cap', () => typedMinor('minor', '9', { min: 0, max: 8 }), /^--minor "9"/],
  ['no units', () => typedUnits('units', '0'), /^--units "0"/],
  ['words', () => typedUnits('amount', 'all'), /^--amount "all"/],
  ['a seventh decimal', () => typedCredits('0.0000001'), /^--credits "0.0000001"/],
  ['no credits', () => typedCredits('0'), /^--credits "0"/],
])('14.4 %s that cannot be is mistyped, by the name of its flag', async (_what, read, said) => {
  const reads = {
    ...paint,
    run: () => Promise.resolve().then(() => ({ lines: [], data: { a: read() } })),
  };
  const { exit, complained } = await execute(reads, ['--colour=red']);
  expect([exit, complained]).toEqual([2, expect.stringMatching(said)]);
});

test('14.4 what is wrong in a file is mistyped, and a file that is missing ends as with every command', async () => {
  const reads = (read: () => unknown) => ({
    ...paint,
    run: () => Promise.resolve().then(() => ({ lines: [], data: { a: typedFile(read) } })),
  });
  const wrong = reads(() => {
    throw new Error('rates.yaml: names no model.');
  });
  const missing = reads(() => readFileSync('none.yaml'));
  expect(await execute(wrong, ['--colour=red'])).toMatchObject({ exit: 2 });
  expect(await execute(missing, ['--colour=red'])).toEqual({
    ...{ exit: 1, said: '' },
    complained: 'There is no file or folder none.yaml.',
  });
});

test('14.4 no command gives a file that cannot be opened a code of its own', () => {
  const own = COMMANDS.filter(([name]) =>
    readFileSync(programOf(scripts[name]!)!, 'utf8').includes('readFileError'),
  );
  expect(own).toEqual([]);
});

test('14.4 what was typed is read', () => {
  expect(typedPeriod(undefined)).toBeUndefined();
  expect([typedPeriod('2026-12'), typedMinor('minor', undefined)]).toEqual(['2026-12', undefined]);
  expect(typedWhole('days', '30', days)).toBe(30);
  expect(typedMinor('minor', '0', { min: 0, max: 8 })).toBe(0);
  expect([typedUnits('units', '-5'), typedCredits('0.25')]).toEqual([-5, 0.25]);
});

test('12.23 a command has exit codes of its own, which its help tells', async () => {
  const tells = { ...paint, exits: [[16, 'the paint ran']] as [number, string][] };
  const ran = { ...tells, run: () => Promise.resolve({ lines: ['It ran.'], data: {}, exit: 16 }) };
  expect(await execute(ran, ['--colour=red'])).toEqual({ exit: 16, said: 'It ran.' });
  const json = await execute(ran, ['--colour=red', '--json']);
  expect([json.exit, JSON.parse(json.said)]).toEqual([16, { ok: false }]);
  expect((await execute(tells, ['--help'])).said).toContain('16 the paint ran.');
});
