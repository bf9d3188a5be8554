import { setTimeout as pause } from 'node:timers/promises';

/** That somebody wants the process to stop, and how. */
export interface StopRequest {
  /** Aborted at the first wish. */
  signal: AbortSignal;
  /** Whether those before us are to notice first: not when somebody sits at the keyboard. */
  pause: boolean;
  /** Aborted when it was wished a second time. */
  again: AbortSignal;
}

const PARENT_ASKED_EVERY_MS = 200;

/** How long a wish can take that is on its way. */
const ON_ITS_WAY_MS = 200;

/** Ctrl-C comes twice where a terminal and npm both send it. */
const SAME_WISH_MS = 500;

/**
 * Hears, from now on, of Ctrl-C and of a supervisor's SIGTERM. `say` is told of each wish in a line.
 *
 * npm hands SIGTERM to the shell between, which dies of it and tells nobody: so a process that npm
 * started takes the death of its parent for the same wish.
 */
export function hearStopRequests(say: (line: string) => void): StopRequest {
  const first = new AbortController();
  const second = new AbortController();
  const wish: StopRequest = { signal: first.signal, pause: false, again: second.signal };
  let wishedAt = 0;
  const stop = (pause: boolean) => {
    if (first.signal.aborted) return;
    wishedAt = performance.now();
    wish.pause = pause;
    say('\nStopping … (again: at once)');
    first.abort();
  };
  const hear = (pause: boolean) => () => {
    if (first.signal.aborted && performance.now() - wishedAt > SAME_WISH_MS) second.abort();
    stop(pause);
  };
  process.on('SIGINT', hear(false));
  process.on('SIGHUP', hear(false));
  process.on('SIGTERM', hear(true));
  if (process.env['npm_lifecycle_event'] !== undefined) watchParent(() => stop(true));
  return wish;
}

/**
 * Whether a stop is wished, now or in this moment: Ctrl-C reaches the processes that a start begins too, and of
 * the end of one it may be heard first.
 */
export async function isStopWished(signal: AbortSignal): Promise<boolean> {
  await pause(signal.aborted ? 0 : ON_ITS_WAY_MS, undefined, { signal }).catch(() => undefined);
  return signal.aborted;
}

function watchParent(onGone: () => void): void {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    onGone();
  }, PARENT_ASKED_EVERY_MS).unref();
}
