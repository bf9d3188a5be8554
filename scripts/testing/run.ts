import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const BIN = path.resolve(import.meta.dirname, '../../node_modules/.bin');

export interface Counts {
  passed: number;
  failed: number;
  /** What failed, each with the beginning of why. */
  failures: string[];
}

/** Runs one of the package's programs; its output is kept, for whoever wants to see why. */
export function run(
  command: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<{ ok: boolean; output: string }> {
  const child = spawn(path.join(BIN, command), args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
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

/**
 * Runs vitest, prints a line about it (and everything when it failed), and answers the runner's own
 * counts. A run that failed without a failed test counts as one.
 */
export async function vitest(
  name: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<Counts> {
  const started = performance.now();
  const reports = mkdtempSync(path.join(tmpdir(), 'squaretable-test-'));
  const report = path.join(reports, 'report.json');
  const { ok, output } = await run(
    'vitest',
    ['run', ...args, '--reporter=dot', '--reporter=json', `--outputFile.json=${report}`],
    env,
  );
  const { counts, slowest } = readReport(report);
  rmSync(reports, { recursive: true, force: true });
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} tests: ${counts.passed} passed (${seconds} s)`);
  if (slowest.length > 0) console.log(`     longest: ${slowest.join(', ')}`);
  if (!ok) console.log(output);
  if (ok || counts.failed > 0) return counts;
  return { ...counts, failed: 1, failures: [`${name}: the run itself: ${output.slice(-WHY)}`] };
}

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  testResults: {
    name: string;
    startTime: number;
    endTime: number;
    assertionResults: { fullName: string; status: string; failureMessages: string[] }[];
  }[];
}

/** So many characters of each failure stand at the end of a run. */
const WHY = 1500;

const failuresOf = ({ testResults }: Report) =>
  testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'failed')
      .map(
        ({ fullName, failureMessages }) =>
          `${path.relative('.', name)} > ${fullName}\n${failureMessages.join('\n').slice(0, WHY)}`,
      ),
  );

/** So many files are named with their seconds: where a run's time goes. */
const SLOWEST = 12;

function readReport(file: string): { counts: Counts; slowest: string[] } {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
    const slowest = report.testResults
      .map(({ name, startTime, endTime }) => ({ name, seconds: (endTime - startTime) / 1000 }))
      .filter(({ seconds }) => seconds >= 1)
      .toSorted((a, b) => b.seconds - a.seconds)
      .slice(0, SLOWEST)
      .map(({ name, seconds }) => `${path.basename(name)} ${seconds.toFixed(0)} s`);
    const { numPassedTests: passed, numFailedTests: failed } = report;
    return { counts: { passed, failed, failures: failuresOf(report) }, slowest };
  } catch {
    return { counts: { passed: 0, failed: 0, failures: [] }, slowest: [] };
  }
}

/** The sum, what failed once more in one place, and the line that ends every run. */
export function conclude(counts: Counts[]): Counts {
  const passed = counts.reduce((sum, count) => sum + count.passed, 0);
  const failed = counts.reduce((sum, count) => sum + count.failed, 0);
  const failures = counts.flatMap((count) => count.failures);
  for (const failure of failures) console.log(`\nFAIL ${failure}`);
  console.log(`${passed} passed, ${failed} failed`);
  return { passed, failed, failures };
}
