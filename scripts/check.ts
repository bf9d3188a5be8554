import { run } from './testing/run.ts';

/**
 * What needs no test runner: types, lint and format, on both cores. A line for each check; exit code 1 when one
 * fails, with what it said.
 */
let failed = 0;

async function check(name: string, command: string, ...args: string[]): Promise<void> {
  const started = performance.now();
  const { ok, output } = await run(command, args);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
  if (ok) return;
  failed += 1;
  console.log(output);
}

/** By the native compiler, in a quarter of the time; its name in `.bin` is that of the other one too. */
const types = (name: string, project: string) =>
  check(name, 'node', 'node_modules/typescript-native/bin/tsc', '-p', project);

async function allTypes(): Promise<void> {
  await types('types', 'tsconfig.json');
  await types('types of the local Stripe', 'local-stripe/tsconfig.json');
  await check('types of the client', 'vue-tsc', '-p', 'src/client/tsconfig.json');
  await types('types of the browser tests', 'tests/e2e/tsconfig.json');
}

async function allStyle(): Promise<void> {
  await check('lint', 'eslint', '.', '--max-warnings', '0');
  await check('format', 'prettier', '--check', '.', '--log-level', 'warn');
}

await Promise.all([allTypes(), allStyle()]);
if (failed > 0) process.exitCode = 1;
