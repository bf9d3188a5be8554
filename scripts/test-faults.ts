import { fork, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { readWanted, type Order, type Report, type Wanted } from '../tests/faults/messages.ts';
import { beginRun } from '../tests/faults/run.ts';
import type { Finding } from '../tests/faults/state-run.ts';

/**
 * Every single fault: each state × verb × call to Stripe × way to fail, on all cores. Ends with how
 * many cases ran, each that breaks a promise with the command that runs it alone, and exit code 1
 * when there is one.
 *
 *   npm run test:faults                               all of it: an hour or more
 *   npm run test:faults -- --sample 20                so many of each state
 *   npm run test:faults -- --state "end planned" --verb upgrade
 *   npm run test:faults -- --case "pro/cancel/3/answer lost"
 */
/** A lane waits half of its time. */
const LANES_A_CORE = 3;
const SHARD = path.resolve(import.meta.dirname, '../tests/faults/shard.main.ts');
const began = Date.now();

interface Tally {
  cases: number;
  states: number;
  findings: Finding[];
  broke: string[];
}

async function runLane(wanted: Wanted, next: () => Order | undefined, tally: Tally): Promise<void> {
  const child = fork(SHARD);
  try {
    for (let order = next(); order; order = next()) await runOne(child, order, tally, wanted);
  } finally {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    if (child.connected) child.send({ do: 'stop' } satisfies Order);
    await gone;
  }
}

function runOne(child: ChildProcess, order: Order, tally: Tally, wanted: Wanted): Promise<void> {
  return new Promise((resolve, reject) => {
    const died = (code: number | null) => reject(new Error(`A lane ended with ${code}.`));
    const hear = (report: Report) => {
      if (report.kind === 'progress') {
        tally.cases += report.cases;
        tally.findings.push(...report.findings);
        for (const { name, broken } of report.findings) console.log(`  ${name}: ${broken[0]}`);
        return;
      }
      if (report.kind === 'broke') {
        tally.broke.push(report.state);
        console.log(`  ${report.state} could not be tried: ${report.text}`);
        return;
      }
      tally.states += 1;
      console.log(progress(tally, wanted, report.state));
      child.off('message', hear);
      child.off('exit', died);
      resolve();
    };
    child.on('message', hear);
    child.once('exit', died);
    child.send(order);
  });
}

function progress({ states, cases, findings }: Tally, wanted: Wanted, state: string): string {
  const minutes = ((Date.now() - began) / 60_000).toFixed(1);
  return `${minutes} min  ${states}/${wanted.states.length} states  ${cases} cases  ${findings.length} broken  (${state})`;
}

function printTally({ cases, states, findings, broke }: Tally): void {
  for (const { name, endpoint, broken, facts } of findings) {
    console.log(`\n${name} (${endpoint})`);
    for (const one of broken) console.log(`  ${one}`);
    console.log(`  told: ${facts.answer?.text ?? 'no answer'}`);
    if (facts.again) console.log(`  asked again: ${facts.again.text}`);
    console.log(`  npm run test:faults -- --case "${name}"`);
  }
  const thousands = (cases / 1000).toFixed(1);
  console.log(
    `\n${cases} cases (${thousands} thousand) in ${states} states, ${findings.length} broke a promise` +
      (broke.length > 0 ? `; could not be tried: ${broke.join(', ')}` : ''),
  );
}

async function main(): Promise<void> {
  const wanted = readWanted(process.argv.slice(2), LANES_A_CORE * availableParallelism());
  const { postgres, end } = await beginRun();
  const tally: Tally = { cases: 0, states: 0, findings: [], broke: [] };
  const { verbs, only, sample } = wanted;
  const queue = wanted.states.map((state): Order => ({
    do: 'run',
    postgres,
    state,
    verbs,
    only,
    sample,
  }));
  try {
    const lanes = Math.min(wanted.lanes, queue.length);
    await Promise.all(
      Array.from({ length: lanes }, () => runLane(wanted, () => queue.shift(), tally)),
    );
  } finally {
    await end();
  }
  printTally(tally);
  process.exitCode = tally.findings.length > 0 || tally.broke.length > 0 ? 1 : 0;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
