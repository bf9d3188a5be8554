import { execFile } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { bucketSchema } from '../../src/db/buckets.ts';
import type { TenantId } from '../../src/domain/ids.ts';
import { inEveryBucket } from '../support/buckets.ts';
import { imbalances, meteredTenant } from '../support/metered-tenant.ts';
import { unlessTyped } from '../support/operator-command.ts';
import { usageService } from '../../src/server/services/usage/__tests__/service.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let tenantId: TenantId;
beforeAll(async () => void (database = await createTestDatabase()));
afterAll(async () => database?.drop());
beforeEach(async () => void (tenantId = await meteredTenant(database.pool, 'pro')));

/** The operator's command, in a process of its own. */
async function run(command: string, ...words: string[]) {
  // No local Stripe listens there: the commands go by the machine's time.
  const env = { ...process.env, DATABASE_URL: database.url, LOCAL_STRIPE_PORT: '1' };
  const args = [`scripts/${command}.ts`, ...words];
  return new Promise<{ code: number; said: string; complained: string }>((resolve) => {
    execFile(process.execPath, args, { env }, (error, said, complained) =>
      resolve({ code: error === null ? 0 : Number(error.code), said, complained }),
    );
  });
}

const correct = (...words: string[]) =>
  run('usage-correct', ...mine(words), '--resource', 'images', ...words);
const mine = (words: string[]) => unlessTyped(words, '--tenant', tenantId);
const reason = ['--reason', 'three pictures were black', '--by', 'Ada'];

test('usage is added, taken off and set to nothing, each with who and why', async () => {
  expect(await correct('--amount=5', ...reason)).toMatchObject({
    code: 0,
    said: 'Done:\n  used: 0\n  used after: 5\n',
  });
  expect((await correct('--amount=-3', ...reason)).said).toContain('used: 5\n  used after: 2\n');
  expect((await correct('--reset', '--dry-run', ...reason)).said).toMatch(/^It would do this:\n/);
  expect((await correct('--reset', ...reason)).said).toContain('used: 2\n  used after: 0\n');
  const rows = await inEveryBucket(
    database.pool,
    'select amount::int, actor, reason from u00.usage where tenant_id = $1 order by created_at, id',
    [tenantId],
  );
  const by = { actor: 'service:Ada', reason: 'three pictures were black' };
  expect(rows).toEqual([5, -3, -2].map((amount) => ({ amount, ...by })));
  expect(await imbalances(database.pool)).toEqual([]);
  const audit = await database.pool.query(
    'select action from audit_log where tenant_id = $1 order by id',
    [tenantId],
  );
  expect(audit.rows.map((row) => row.action)).toEqual([
    ...['usage.corrected', 'usage.corrected', 'usage.reset'],
  ]);
  const act = 'correct_usage';
  expect(await notedOfOperators()).toEqual([act, act, `${act}.previewed`, act]);
});

test('12.54 a row is taken back once, and it is said beforehand who gets what', async () => {
  await grant('--credits', '5.5');
  const usage = usageService(database, { now: () => new Date() });
  await usage.trackUsage({ tenantId, resourceType: 'images', amount: 501 });
  await usage.stop();
  const text = 'select id from u00.usage where tenant_id = $1';
  const { id } = (await inEveryBucket<{ id: string }>(database.pool, text, [tenantId]))[0]!;
  const back = (...words: string[]) =>
    run('usage-correct', '--tenant', tenantId, '--row', id, ...reason, ...words);
  const told =
    /units: -501\n {2}used: 501\n {2}used after: 0\n {2}grant: .{36}\n {2}credits back: 2\n {2}until: 20.*\n {2}quota back: 500\n$/;
  expect((await back('--dry-run')).said).toMatch(told);
  expect((await back()).said).toMatch(told);
  const again = await back('--extend-to', '2999-01-01');
  expect(again).toMatchObject({ code: 1, said: '' });
  expect(again.complained).toContain(`Row ${id} was taken back already, by row `);
});

/** What the operators' log has of it, as of what is done on their page. */
async function notedOfOperators(): Promise<string[]> {
  const { rows } = await database.pool.query<{ action: string }>(
    `select action from audit_log where tenant_id is null and subject_id = $1 and actor_id = 'Ada'
       and cause = 'three pictures were black' order by id`,
    [tenantId],
  );
  return rows.map(({ action }) => action.replace('operator.', ''));
}

const REFUSED: [string, string[], string, number][] = [
  ['less than nothing', ['--amount=-1', ...reason], 'would leave less than nothing', 1],
  ['no number', ['--amount=five', '--dry-run', ...reason], '--amount "five": it takes a whole', 2],
  ['no month', ['--amount=1', '--period', '2026-13', ...reason], '"2026-13" is no month', 2],
  ['no reason to speak of', ['--amount=1', '--reason', ' '], '--reason takes 3 to 500', 2],
  [
    'a tenant that is not there',
    ['--tenant', '5fc83b36-0000-4000-8000-000000000000', '--amount=1', '--dry-run', ...reason],
    'There is no tenant 5fc83b36',
    1,
  ],
  ['neither amount nor reset', reason, 'either an amount or --reset', 2],
  ['a row and a resource', ['--row', '5', ...reason], 'leave these out', 2],
  ['an end without a row', ['--reset', '--extend-to', '2999-01-01', ...reason], 'with --row', 2],
  ['no id of a tenant', ['--tenant', 'x', '--amount=1', ...reason], '--tenant "x" is neither', 2],
  ['an unknown option', ['--amont=1'], 'npm run usage:correct', 2],
];

test('a correction that cannot be is refused in a sentence', async () => {
  const answers = await Promise.all(
    REFUSED.map(async ([what, words, sentence, exit]) => ({
      ...(await correct(...words)),
      what,
      sentence,
      exit,
    })),
  );
  for (const { what, sentence, exit, code, complained } of answers) {
    expect(complained, what).toContain(sentence);
    expect(complained, what).not.toContain('    at ');
    expect(code, what).toBe(exit);
  }
});

test('verification fails while something differs, and mends it when asked', async () => {
  await correct('--amount=4', ...reason);
  const planted = 'update u00.usage_totals set used = used + 1 where tenant_id = $1';
  await inEveryBucket(database.pool, planted, [tenantId]);
  const found = await run('usage-verify');
  expect(found).toMatchObject({ code: 1, complained: '' });
  expect(found.said).toContain(`${tenantId} images: used 5, ledger 4`);
  expect((await run('usage-verify', '--rebuild')).code).toBe(0);
});

test('who only looks writes nothing: no alert, none closed, no result for doctor', async () => {
  const { pool } = database;
  await pool.query(`insert into business_months values ('2026-01', 'cny', 'paid', 2900, 1)`);
  // Of statements nothing differs: a look must leave their alert to the nightly task.
  await pool.query(
    `insert into alerts (kind, subject_id, message, raised_at, last_raised_at)
     values ('statements_differ', 'statements', 'of last night', now(), now())`,
  );
  const written = async () => ({
    alerts: (await pool.query('select * from alerts order by kind, subject_id')).rows,
    settings: (await pool.query('select * from settings order by 1')).rows,
    months: (await pool.query('select * from business_months order by 1, 2, 3')).rows,
  });
  const before = await written();
  for (const looks of [[], ['--dry-run'], ['--rebuild', '--dry-run']]) {
    const { said, code } = await run('usage-verify', ...looks);
    expect(said, looks.join(' ')).toContain('business 2026-01 cny paid: 2900 of 1');
    expect(code).toBe(1);
    expect(await written(), looks.join(' ')).toEqual(before);
  }
  expect((await run('usage-verify', '--rebuild')).code).toBe(0);
  const after = await written();
  expect(after.alerts).toMatchObject([
    { kind: 'statements_differ', resolved_at: expect.any(Date) },
  ]);
  expect((await run('usage-verify')).said).toContain(', 0 differences, ');
  expect(JSON.stringify(after.settings)).toContain('"differences":0');
});

const grant = (...words: string[]) =>
  run('credits-grant', ...mine(words), '--days', '30', ...ref(words), ...reason, ...words);
const ref = (words: string[]) => unlessTyped(words, '--ref', 'T-1');
const revoke = (...words: string[]) => run('credits-revoke', '--tenant', tenantId, ...words);
const grants = async () =>
  (
    JSON.parse((await revoke('--json')).said) as {
      grants: { id: string; left: number; state: string }[];
    }
  ).grants;

test('12.2 credits are granted once a ref, listed and taken back, each with who and why', async () => {
  expect((await grant('--credits', '5.5', '--dry-run')).said).toContain(
    'credits: 5.5\n  until: 20',
  );
  expect((await grant('--credits', '5.5')).said).toMatch(/^Done:\n {2}credits: 5.5\n {2}until: 20/);
  for (const looks of [[], ['--dry-run']]) {
    const again = await grant('--credits', '9', ...looks);
    expect(again.said).toMatch(/credits: 5.5\n[^]*repeated: T-1\n$/);
  }
  expect((await grant('--credits', '9', '--promotion')).complained).toContain(
    'The ref "T-1" was used for a goodwill of this team',
  );
  const [made, ...others] = await grants();
  expect([made!.left, others]).toEqual([5_500_000, []]);
  const take = (...words: string[]) => revoke('--grant', made!.id, ...reason, ...words);
  const two = ['--credits', '2', '--ref', 'T-2'];
  const taken = (credits: number, short: number) =>
    `Done:\n  credits: ${credits}\n  credits pending: 0\n  credits short: ${short}\n`;
  expect((await take(...two)).said).toBe(taken(2, 0));
  expect((await take(...two)).said).toBe(`${taken(2, 0)}  repeated: T-2\n`);
  expect((await take(...two, '--dry-run')).said).toBe(
    'It would do this:\n  credits: 0\n  credits left: 3.5\n  repeated: T-2\n',
  );
  expect((await take('--ref', 'T-3')).said).toBe(taken(3.5, 2));
  const audit = await database.pool.query(
    'select action, actor_id as by, cause from audit_log where tenant_id = $1 order by id',
    [tenantId],
  );
  expect(audit.rows).toEqual(
    ['credits.granted', 'credits.revoked', 'credits.revoked'].map((action) => ({
      ...{ action, by: 'Ada', cause: 'three pictures were black' },
    })),
  );
});

test('12.2 credits that cannot be given or taken are refused in a sentence', async () => {
  const unknown = ['--grant', '5fc83b36-0000-4000-8000-000000000000', '--ref', 'T-9', ...reason];
  const refused: [string, Promise<Awaited<ReturnType<typeof run>>>, string, number][] = [
    ['half a microcredit', grant('--credits', '0.0000005'), '--credits', 2],
    [
      'a ref too long',
      grant('--credits', '5', '--ref', 'x'.repeat(300), '--dry-run'),
      'Ref must',
      1,
    ],
    ['no grant of that id', revoke(...unknown), 'no such grant of credits', 1],
    ['no ref', revoke('--grant', tenantId), 'Say --ref and --reason', 2],
  ];
  for (const [what, ended, sentence, exit] of refused) {
    const { code, complained } = await ended;
    expect(complained, what).toContain(sentence);
    expect(complained, what).not.toContain('    at ');
    expect(code, what).toBe(exit);
  }
});

const allow = (...words: string[]) =>
  run('allowance-add', '--tenant', tenantId, '--resource', 'messages', ...reason, ...words);
const goodwill = ['--kind', 'goodwill', '--ref', 'T-1'];

test('a month’s quota is added to and taken off once a ref, with who and why', async () => {
  const month = new Date().toISOString().slice(0, 7);
  const wish = ['--units', '500', ...goodwill];
  expect(await allow(...wish, '--dry-run')).toEqual({
    ...{ code: 0, complained: '' },
    said: `It would do this:\n  month: ${month}\n  units: 500\n  limit: 10000\n  limit after: 10500\n`,
  });
  expect((await allow(...wish)).said).toMatch(/^Done:[^]*limit: 10000\n {2}limit after: 10500\n$/);
  for (const looks of [[], ['--dry-run']]) {
    const again = await allow('--units', '900', ...goodwill, ...looks);
    expect(again.said).toMatch(
      /units: 500\n {2}limit: 10500\n {2}limit after: 10500\n {2}repeated: T-1\n$/,
    );
  }
  const taken = await allow('--units=-700', '--kind', 'override', '--ref', 'T-2', '--json');
  expect(JSON.parse(taken.said)).toMatchObject({
    ...{ ok: true, tenantId, act: 'add_allowance', done: true },
    facts: [{ name: 'month' }, { value: -700 }, { value: 10_500 }, { value: 9_800 }],
  });
  const later = ['--units', '5', '--kind', 'promotion', '--ref', 'T-3', '--period', '2999-12'];
  expect((await allow(...later)).said).toBe(
    'Done:\n  month: 2999-12\n  units: 5\n  limit: 10000\n  limit after: 10005\n',
  );
  const audit = await database.pool.query(
    'select action, actor_id as by, cause, after from audit_log where tenant_id = $1 order by id',
    [tenantId],
  );
  const entry = { action: 'allowance.added', by: 'Ada', cause: 'three pictures were black' };
  expect(audit.rows).toMatchObject([500, -700, 5].map((units) => ({ ...entry, after: { units } })));
});

test('a change of a quota that cannot be is refused in a sentence', async () => {
  const refused: [string, ReturnType<typeof run>, string, number][] = [
    ['half a unit', allow('--units', '0.5', ...goodwill), 'a whole number', 2],
    ['nothing', allow('--units', '0', ...goodwill), '--units "0"', 2],
    [
      'no month',
      allow('--units', '1', ...goodwill, '--period', '2026-13'),
      '--period "2026-13"',
      2,
    ],
    ['no such kind', allow('--units', '1', '--kind', 'rollover', '--ref', 'a'), 'no kind', 2],
    ['over', allow('--units', '1', ...goodwill, '--period', '2020-01'), '2020-01 is over', 1],
    ['no ref', allow('--units', '1', '--kind', 'goodwill'), '--ref', 2],
  ];
  for (const [what, ended, sentence, exit] of refused) {
    const { code, complained } = await ended;
    expect(complained, what).toContain(sentence);
    expect(complained, what).not.toContain('    at ');
    expect(code, what).toBe(exit);
  }
});

test('a command says how it is used', async () => {
  const { code, said } = await run('usage-archive', '--help');
  expect(code).toBe(0);
  expect(said).toContain('npm run usage:archive');
});

test.each([
  ['no number', 'four', 2, 'a whole number from 1 to 100'],
  ['none', '0', 2, 'a whole number from 1 to 100'],
  ['more than have a name', '101', 2, 'a whole number from 1 to 100'],
])('11.2 buckets that cannot be: %s', async (_what, buckets, code, sentence) => {
  const ended = await run('usage-spread', '--buckets', buckets);
  expect(ended.code).toBe(code);
  expect(ended.complained).toContain(sentence);
});

test('11.2 tenants are spread over buckets that are made for it, and none is taken away again', async () => {
  const { rows } = await database.pool.query<{ n: number }>(
    'select count(*)::int as n from tenants',
  );
  const tenants = rows[0]!.n;
  const there = Number(process.env.BUCKETS ?? 1);
  const more = there + 1;
  const spread = async (...words: string[]) => {
    const ended = await run('usage-spread', ...words, '--json');
    expect(ended).toMatchObject({ code: 0 });
    return JSON.parse(ended.said) as { made: string[]; moved: number };
  };
  // Of one bucket half of them move; several are not even before.
  const moved = there === 1 ? Math.floor(tenants / more) : expect.any(Number);
  const share = { made: [bucketSchema(there)], moved };
  expect(await spread('--buckets', `${more}`, '--dry-run')).toMatchObject(share);
  expect(await spread('--buckets', `${more}`)).toMatchObject(share);
  expect(await spread('--buckets', `${more}`)).toMatchObject({ made: [], moved: 0 });
  // What found their keys meanwhile is written no more.
  const kept = await database.pool.query(
    `select from pg_indexes where indexname = 'usage_idempotency_moving_idx'`,
  );
  expect(kept.rowCount).toBe(0);
  const fewer = await run('usage-spread', '--buckets', `${there}`);
  expect(fewer.code).toBe(1);
  expect(fewer.complained).toContain(`There are ${more} buckets, and none is taken away again`);
  expect(await imbalances(database.pool)).toEqual([]);
});
