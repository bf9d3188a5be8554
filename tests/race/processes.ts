import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';

/** What one process is to do; sent as its argument. */
export interface CallerTask {
  /** Begins every key of this process. */
  name: string;
  seed: number;
  databaseUrl: string;
  /** File the process writes what it did to. */
  journal: string;
  tenantIds: string[];
  amounts: number[];
  /** Who uses it, one of them a call; nobody is named unless told. */
  memberIds?: string[];
  /** Calls of this process under way at once. */
  callers: number;
  milliseconds: number;
  /** Only records of messages, or records and holds of every resource. */
  mix: 'records' | 'everything';
}

export interface CallerProcess {
  process: ChildProcess;
  /** Resolves with what it printed; rejects when it failed by itself. Being killed is not failing. */
  ended: Promise<void>;
}

/** Starts a process that meters until its time is over; the end of the test ends it too. */
export function startCaller(task: CallerTask): CallerProcess {
  const program = path.join(import.meta.dirname, 'caller.ts');
  const child = spawn(process.execPath, [program, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code === 0 || signal === 'SIGKILL') resolve();
      else
        reject(new Error(`${task.name} ended with ${code}: ${Buffer.concat(output).toString()}`));
    });
  });
  return { process: child, ended };
}

export interface Journal {
  sent: Set<string>;
  /** Key → amount. */
  acked: Map<string, number>;
  over: string[];
}

/** What the processes wrote, all files together. */
export function readJournals(files: string[]): Journal {
  const journal: Journal = { sent: new Set(), acked: new Map(), over: [] };
  for (const file of files) {
    for (const line of readFileSync(file, { encoding: 'utf8', flag: 'a+' }).split('\n')) {
      const [word, key, amount] = line.split(' ');
      if (word === 'sent') journal.sent.add(key!);
      if (word === 'acked' && amount) journal.acked.set(key!, Number(amount));
      if (word === 'over') journal.over.push(line);
    }
  }
  return journal;
}
