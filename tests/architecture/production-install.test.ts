import { spawnSync } from 'node:child_process';
import { builtinModules } from 'node:module';
import { expect, test } from 'vitest';
import { readText, sourceFiles } from './files.ts';

const { dependencies, scripts } = JSON.parse(readText('package.json')) as {
  dependencies: Record<string, string>;
  scripts: Record<string, string>;
};

/** What a production install runs: the product, and the commands of its operators. */
const OPERATORS = [
  'start',
  'db:migrate',
  'stripe:setup',
  'stripe:backfill',
  'stripe:import',
  'doctor',
  'reconcile',
  'events:replay',
  'usage:verify',
  'usage:archive',
  'usage:correct',
  'usage:spread',
  'community:reports',
  'community:hide',
];

const files = new Map(
  ['src', 'scripts'].flatMap((folder) => sourceFiles(folder)).map((file) => [file.path, file]),
);

function reached(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const { from, typeOnly } of files.get(file)?.imports ?? []) {
    if (!typeOnly && files.has(from)) reached(from, seen);
  }
  return seen;
}

/** Loaded beside the local Stripe alone, which no production has. */
const DEVELOPMENT_ALONE = new Set(['local-stripe']);

test.each(OPERATORS)('14.2 `npm run %s` needs production dependencies alone', (name) => {
  const program = /scripts\/[\w/-]+\.ts/.exec(scripts[name]!)![0];
  const packages = [...reached(program)]
    .flatMap((file) => files.get(file)!.imports)
    .filter(({ from, typeOnly }) => !typeOnly && !files.has(from))
    .map(({ from }) => (/^@[^/]+\/[^/]+|^[^/]+/.exec(from) ?? [from])[0])
    .filter((from) => !from.startsWith('node:') && !builtinModules.includes(from));
  const missing = packages.filter((one) => !dependencies[one] && !DEVELOPMENT_ALONE.has(one));
  expect(missing).toEqual([]);
  // An older Node is told of before it sees a line of TypeScript.
  expect(scripts[name]).toBe(`node -r ./scripts/node-version.cjs ${program}`);
});

test('14.2 a Node that runs no TypeScript is told what is wanted, in one sentence', () => {
  const old = 'Object.defineProperty(process.features, "typescript", { value: false })';
  const program = `${old}; require("./scripts/node-version.cjs")`;
  const { status, stderr } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/^This is Node v[^\n]+22\.18[^\n]+\n$/),
  ]);
});
