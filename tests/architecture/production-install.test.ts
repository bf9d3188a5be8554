import { spawnSync } from 'node:child_process';
import { builtinModules } from 'node:module';
import { expect, test } from 'vitest';
import { dependencies, filesOf, OPERATORS, programOf, scripts } from './production-files.ts';

/** Loaded beside the local Stripe alone, which no production has. */
const DEVELOPMENT_ALONE = new Set(['local-stripe']);

test('14.2 every command of an operator is among them', () => {
  const commands = Object.keys(scripts).filter((name) =>
    filesOf(programOf(name) ?? '').has('scripts/operator/command.ts'),
  );
  expect(commands.filter((name) => !(OPERATORS as readonly string[]).includes(name))).toEqual([]);
});

test.each(OPERATORS)('14.2 `npm run %s` needs production dependencies alone', (name) => {
  const program = programOf(name)!;
  const reached = filesOf(program);
  const packages = [...reached.values()]
    .flatMap((file) => file.imports)
    .filter(({ from, typeOnly }) => !typeOnly && !reached.has(from))
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
