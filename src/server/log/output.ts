import { writeSync } from 'node:fs';

/** What waits for a reader: some twenty thousand lines. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;

/** So long after a refusal it is tried again: twice as long each time, for a reader comes back or stays away. */
const RETRY_MS = { first: 5, max: 100 };

/** At the end of the process: how long a reader may take nothing, and how long it may take in all. */
const AT_EXIT_MS = { still: 500, most: 5_000, pause: 10 };

export interface LogOutputOptions {
  /** The open file, pipe or socket; stdout where nothing is said. */
  fd?: number;
  waitingBytesMax?: number;
  /** Told once room is there again: how many lines there was none for. What it writes stands where they are missing. */
  onDropped: (lines: number) => void;
}

/**
 * Where lines of the log go. Each is written before `write` returns, so that who dies has said everything; what
 * the other side does not take (a pipe that is full, a disk without room) waits in memory, in order, up to a
 * bound, and what is over that is dropped and counted. Nobody who logs ever waits for a reader.
 */
export class LogOutput {
  readonly #fd: number;
  readonly #waitingBytesMax: number;
  readonly #onDropped: (lines: number) => void;
  /** What is being written, then what comes after it. */
  #rest: Buffer = Buffer.alloc(0);
  #behind: string[] = [];
  #behindBytes = 0;
  #dropped = 0;
  #retryMs = RETRY_MS.first;
  #isWaiting = false;
  readonly #atExit = () => this.#flush();

  constructor({ fd, waitingBytesMax = WAITING_BYTES_MAX, onDropped }: LogOutputOptions) {
    // Taken from `process.stdout`, which has a pipe or socket say that it is full instead of waiting.
    this.#fd = fd ?? process.stdout.fd ?? 1;
    this.#waitingBytesMax = waitingBytesMax;
    this.#onDropped = onDropped;
  }

  write(line: string): void {
    if (this.#isWaiting) return this.#queue(line);
    this.#rest = Buffer.from(line);
    if (!this.#push()) this.#waitForReader();
  }

  get #waitingBytes(): number {
    return this.#rest.length + this.#behindBytes;
  }

  /** Once a line has been dropped, so is every later one until half of the room is free: one gap, not many. */
  #queue(line: string): void {
    if (this.#dropped > 0 || this.#waitingBytes >= this.#waitingBytesMax) {
      this.#dropped += 1;
      return;
    }
    this.#behind.push(line);
    this.#behindBytes += Buffer.byteLength(line);
  }

  /** Writes what is taken now; whether that was all. */
  #push(): boolean {
    try {
      while (this.#waitingBytes > 0) {
        if (this.#rest.length === 0) this.#takeNext();
        this.#rest = this.#rest.subarray(writeSync(this.#fd, this.#rest));
        this.#retryMs = RETRY_MS.first;
        if (this.#waitingBytes <= this.#waitingBytesMax / 2) this.#tellDropped();
      }
      return true;
    } catch {
      return false;
    }
  }

  #takeNext(): void {
    this.#rest = Buffer.from(this.#behind.join(''));
    this.#behind = [];
    this.#behindBytes = 0;
  }

  #tellDropped(): void {
    const lines = this.#dropped;
    if (lines === 0) return;
    this.#dropped = 0;
    this.#onDropped(lines);
  }

  #waitForReader(): void {
    this.#isWaiting = true;
    process.once('exit', this.#atExit);
    this.#retryLater();
  }

  #retryLater(): void {
    setTimeout(() => this.#retry(), this.#retryMs).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS.max);
  }

  #retry(): void {
    if (!this.#push()) return this.#retryLater();
    this.#isWaiting = false;
    process.off('exit', this.#atExit);
  }

  /** At the end there is no later: waits for who still reads, and not for who does not. */
  #flush(): void {
    const begun = performance.now();
    let [taken, since] = [this.#waitingBytes, begun];
    const pause = new Int32Array(new SharedArrayBuffer(4));
    while (!this.#push()) {
      const now = performance.now();
      if (this.#waitingBytes !== taken) [taken, since] = [this.#waitingBytes, now];
      if (now - since > AT_EXIT_MS.still || now - begun > AT_EXIT_MS.most) return;
      Atomics.wait(pause, 0, 0, AT_EXIT_MS.pause);
    }
  }
}
