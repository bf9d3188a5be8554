import type { ChildProcess } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';

/** The first pause after a start that failed; each further one is twice as long, up to the longest. */
const RETRY_MS = 250;
const RETRY_MS_MAX = 4_000;

export interface KeepRunningOptions {
  /** Starts the server; resolves when it takes connections. */
  start(): Promise<ChildProcess>;
  stop(child: ChildProcess): Promise<void>;
  /** Told, in a sentence, each time it died and each time that it did not come back. */
  onCrash(sentence: string): void;
}

/**
 * Keeps a server running until it is stopped: when it dies (killed, out of memory) it is started
 * again, as often as it takes. The first start's error is the caller's.
 */
export async function keepRunning(options: KeepRunningOptions): Promise<{ stop(): Promise<void> }> {
  let child = await options.start();
  let stopping = false;
  let revival: Promise<void> | undefined;

  const revive = async () => {
    options.onCrash('PostgreSQL ended by itself and is started again.');
    let restMs = RETRY_MS;
    while (!stopping) {
      try {
        child = await options.start();
        watch();
        return;
      } catch (error) {
        options.onCrash(error instanceof Error ? error.message : String(error));
        // Children of a dead server hold its memory for a moment: until then it refuses.
        await pause(restMs);
        restMs = Math.min(2 * restMs, RETRY_MS_MAX);
      }
    }
  };
  const watch = () => {
    const ended = () => {
      if (!stopping) revival = revive();
    };
    if (hasEnded(child)) ended();
    else child.once('exit', ended);
  };
  watch();
  return {
    async stop() {
      stopping = true;
      await revival;
      if (!hasEnded(child)) await options.stop(child);
    },
  };
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;
