import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { previousPeriod, periodOf } from '../../src/domain/period.ts';
import { meteredTenant } from '../support/metered-tenant.ts';
import { runOperatorCommand } from '../support/operator-command.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

// Each command is a program to start.
vi.setConfig({ testTimeout: 240_000 });

const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-rates-'));
let database: TestDatabase;
beforeAll(async () => void (database = await createTestDatabase()));
afterAll(async () => {
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

/** A rates.yaml of its own. */
const file = (text: string) => {
  const there = path.join(mkdtempSync(path.join(folder, 'file-')), 'rates.yaml');
  writeFileSync(there, text);
  return there;
};
const publish = (...words: string[]) =>
  // No local Stripe listens there: the command goes by the machine's time.
  runOperatorCommand('rates:publish', words, {
    ...{ DATA_DIR: folder, DATABASE_URL: database.url, LOCAL_STRIPE_PORT: '1' },
  });
const cards = async () =>
  (
    await database.pool.query<{ version: number; effective_at: Date }>(
      'select version, effective_at from rate_cards order by version',
    )
  ).rows;

const lastMonth = previousPeriod(periodOf(new Date()));
const ONE = "  '*': { input: 1, cached: 1, output: 1 }\n";
const DEAR = `llm_tokens:\n${ONE}  grand: { input: 2, cached: 0.5, output: 8 }\n`;
/** A name that every object has of its own accord. */
const BUILT_IN = `  constructor: { input: 3, cached: 3, output: 3 }\n`;

/** Calls of last month, each of ten tokens read and ten written, weighed one to one. */
async function callsOf(model: string, count: number): Promise<void> {
  const rated = { card: 1, model, raw: { input: 10, cached: 0, output: 10 } };
  await database.pool.query(`select u00.usage_ensure_partition($1)`, [lastMonth]);
  await database.pool.query(
    `insert into u00.usage (tenant_id, period, resource_type, amount, metadata, occurred_at)
     select $1, $2, 'llm_tokens', 20, $3, now() from generate_series(1, $4)`,
    [await meteredTenant(database.pool), lastMonth, { rated }, count],
  );
}

test('12.6 a dry run says what changes and what last month would have come to, and writes nothing', async () => {
  const none = await publish(file(DEAR), '--dry-run');
  expect(none.code).toBe(0);
  expect(none.said).toContain(`\n${lastMonth} has no calls that could be weighed again.\n`);
  await callsOf('grand', 3);
  await callsOf('small', 2);
  const { code, said, complained } = await publish(file(DEAR + BUILT_IN), '--dry-run');
  expect({ code, complained }).toEqual({ code: 0, complained: '' });
  expect(said.split('\n')).toEqual([
    expect.stringMatching(/^Rate card 2 would be in force for calls that begin from 20\S+Z on:$/),
    '  constructor: not named → input 3, cached 3, output 3',
    '  grand: not named → input 2, cached 0.5, output 8',
    `${lastMonth} under it:`,
    '  grand: 3 calls, 60 units → 300',
    '  small: 2 calls, 40 units → 40',
    '',
  ]);
  const strict = file('llm_tokens:\n  small: { input: 1, cached: 1, output: 1 }\n');
  const refusing = await publish(strict, '--dry-run');
  expect(refusing.said).toContain('  *: input 1, cached 1, output 1 → not named\n');
  expect(refusing.said).toContain(
    '  grand: 3 calls, 60 units → 0; 3 of these would have been refused\n',
  );
  expect(await cards()).toHaveLength(1);
});

test('12.6 a card is published once, from now or from an instant on, and never changes', async () => {
  const done = await publish(file(DEAR));
  expect({ code: done.code, complained: done.complained }).toEqual({ code: 0, complained: '' });
  expect(done.said).toMatch(
    /^Rate card 2 is in force for calls that begin from 20\S+Z on:\n {2}grand: not named → input 2, cached 0.5, output 8\n$/,
  );
  for (const looks of [['--dry-run'], []]) {
    const again = await publish(file(DEAR), ...looks);
    expect(again).toMatchObject({
      ...{ code: 0, said: 'The rate card in force is as the file has it.\n' },
    });
  }
  const next = file(DEAR.replace('output: 8', 'output: 9'));
  const { said } = await publish(next, '--from', '2999-12-01T00:00:00+08:00', '--json');
  expect(JSON.parse(said)).toMatchObject({
    ok: true,
    published: { version: 3, effectiveAt: '2999-11-30T16:00:00.000Z' },
  });
  expect(await cards()).toMatchObject([
    { version: 1 },
    { version: 2 },
    { version: 3, effective_at: new Date('2999-11-30T16:00:00Z') },
  ]);
  const same = await publish(next, '--from', '2999-12-01T00:00:00Z');
  expect(same.said).toBe('The rate card of 2999-12-01T00:00:00Z is as the file has it.\n');
  // A year that was mistyped keeps nobody from a card before it.
  const { said: instead } = await publish(next, '--from', '2998-12-01T00:00:00Z');
  expect(instead).toContain(
    '  It takes the place of rate card 3, which was to begin 2999-11-30T16:00:00.000Z.\n',
  );
});

test('12.6 what a file, or an instant, cannot be is refused in a sentence, and nothing is written', async () => {
  const before = await cards();
  const of = (weights: string) => file(`llm_tokens:\n  grand: ${weights}\n`);
  const refused: [string, string[], number, RegExp][] = [
    ['no file', [path.join(folder, 'none.yaml')], 1, /^There is no file or folder \S+none\.yaml\./],
    ['a folder', [folder], 1, /^That is a folder, and a file is wanted\./],
    ['none named', [], 2, /^Name the file, as rates\.yaml\./],
    ['no YAML', [file('llm_tokens: [')], 2, /^rates\.yaml is not YAML: /],
    ['no model', [file('llm_tokens: {}')], 2, /^rates\.yaml: llm_tokens: names no model\./],
    ['a field more', [of('{ input: 1, cached: 1, output: 1, x: 1 }')], 2, /"x"/],
    ['cached dearer', [of('{ input: 1, cached: 2, output: 1 }')], 2, /cached: is at most input/],
    ['no instant', [file(DEAR), '--from', '2026-12-01'], 2, /^--from takes an instant with its/],
    ['over', [of('{ input: 1, cached: 1, output: 1 }'), '--from', '2020-01-01T00:00:00Z'], 1, /^A/],
  ];
  for (const [n, [what, words, exit, sentence]] of refused.entries()) {
    const { code, said, complained } = await publish(...words, ...(n % 2 ? ['--dry-run'] : []));
    expect(complained, what).toMatch(sentence);
    expect(complained, what).not.toContain('    at ');
    expect({ code, said }, what).toEqual({ code: exit, said: '' });
  }
  expect(await cards()).toEqual(before);
});
