import { ensureClientBuilt } from './start/client-build.ts';
import { LONG_FILES } from './testing/long-files.ts';
import { conclude, run, vitest } from './testing/run.ts';

/**
 * The suite without what `npm run test:long` keeps: what needs no test runner and the browser in one lane, the other tests in the
 * other, so that both cores have work. Ends with the runner's own counts; a failed check makes the exit code 1 too.
 */
const failedChecks: string[] = [];

async function check(name: string, command: string, ...args: string[]): Promise<void> {
  const started = performance.now();
  const { ok, output } = await run(command, args);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
  if (ok) return;
  failedChecks.push(name);
  console.log(output);
}

/** By the native compiler, in a quarter of the time; its name in `.bin` is that of the other one too. */
const types = (name: string, project: string) =>
  check(name, 'node', 'node_modules/typescript-native/bin/tsc', '-p', project);

const long = Object.values(LONG_FILES).flat();
const tests = (project: string) =>
  vitest(project, ['--project', project, ...long.flatMap((file) => ['--exclude', file])]);

async function inTurn<T>(...tasks: (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  for (const task of tasks) results.push(await task());
  return results;
}

const checks = () =>
  inTurn(
    () => types('types', 'tsconfig.json'),
    () => types('types of the local Stripe', 'local-stripe/tsconfig.json'),
    () => check('types of the client', 'vue-tsc', '-p', 'src/client/tsconfig.json'),
    () => types('types of the browser tests', 'tests/e2e/tsconfig.json'),
    () => check('lint', 'eslint', '.', '--max-warnings', '0'),
    () => check('format', 'prettier', '--check', '.', '--log-level', 'warn'),
  );

/** Once, before either lane needs the pages: two builds at once spoil each other's. */
const built = ensureClientBuilt((line) => console.log(line));

const lanes = await Promise.all([
  built.then(checks).then(() => tests('browser')),
  inTurn(
    () => tests('unit'),
    () => built.then(() => tests('integration')),
    () => tests('contract'),
  ),
]);
const counts = lanes.flat();
for (const name of failedChecks) console.log(`The check "${name}" failed; see above.`);
const { passed, failed } = conclude(counts);
process.exitCode = failed > 0 || failedChecks.length > 0 || passed === 0 ? 1 : 0;
