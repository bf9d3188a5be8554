import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensureClientBuilt } from './start/client-build.ts';

/**
 * The whole suite: what needs no test runner in one lane, the tests in the other, so that both
 * cores have work. Ends with the runner's own counts; a failed check makes the exit code 1 too.
 */
const BIN = path.resolve(import.meta.dirname, '../node_modules/.bin');
const reports = mkdtempSync(path.join(tmpdir(), 'squaretable-test-'));
const failedChecks: string[] = [];

interface Counts {
  passed: number;
  failed: number;
}

function run(command: string, args: string[]): Promise<{ ok: boolean; output: string }> {
  const child = spawn(path.join(BIN, command), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ ok: false, output: error.message }));
    child.once('exit', (code) =>
      resolve({ ok: code === 0, output: Buffer.concat(output).toString() }),
    );
  });
}

async function check(name: string, command: string, ...args: string[]): Promise<void> {
  const started = performance.now();
  const { ok, output } = await run(command, args);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
  if (ok) return;
  failedChecks.push(name);
  console.log(output);
}

async function tests(name: string, ...projects: string[]): Promise<Counts> {
  const started = performance.now();
  const report = path.join(reports, `${name}.json`);
  const { ok, output } = await run('vitest', [
    'run',
    ...projects.flatMap((project) => ['--project', project]),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]);
  const counts = readCounts(report);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} tests: ${counts.passed} passed (${seconds} s)`);
  if (!ok) {
    console.log(output);
    if (counts.failed === 0) failedChecks.push(`${name} tests`);
  }
  return counts;
}

function readCounts(report: string): Counts {
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8')) as {
      numPassedTests: number;
      numFailedTests: number;
    };
    return { passed: numPassedTests, failed: numFailedTests };
  } catch {
    return { passed: 0, failed: 0 };
  }
}

async function inTurn<T>(...tasks: (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  for (const task of tasks) results.push(await task());
  return results;
}

try {
  const [, ...lanes] = await Promise.all([
    inTurn(
      () => check('types', 'tsc', '-p', 'tsconfig.json'),
      () => check('types of the local Stripe', 'tsc', '-p', 'local-stripe/tsconfig.json'),
      () => check('types of the client', 'vue-tsc', '-p', 'src/client/tsconfig.json'),
      () => check('types of the browser tests', 'tsc', '-p', 'tests/e2e/tsconfig.json'),
      () => check('lint', 'eslint', '.', '--max-warnings', '0'),
      () => check('format', 'prettier', '--check', '.', '--log-level', 'warn'),
    ),
    inTurn(
      () => tests('unit', 'unit'),
      () => tests('integration', 'integration'),
      () => tests('contract', 'contract'),
    ),
  ]);
  await ensureClientBuilt((line) => console.log(line));
  const counts = [...lanes.flat(), await tests('browser', 'browser')];
  const passed = counts.reduce((sum, count) => sum + count.passed, 0);
  const failed = counts.reduce((sum, count) => sum + count.failed, 0);
  for (const name of failedChecks) console.log(`The check "${name}" failed; see above.`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 || failedChecks.length > 0 || passed === 0 ? 1 : 0;
} finally {
  rmSync(reports, { recursive: true, force: true });
}
