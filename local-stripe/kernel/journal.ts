import { closeSync, existsSync, fsyncSync, ftruncateSync, mkdirSync, openSync } from 'node:fs';
import { readSync, renameSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { stateNotWritten } from './errors.ts';
import type { Kernel } from './kernel.ts';
import type { Kind } from './kinds.ts';
import type { Change } from './store.ts';

/** One transaction, or one object of a compacted file: kind, id, and the object or null. */
interface Line {
  /** How far ids and due rows were numbered. */
  sequence: number;
  /** Milliseconds by which the clock was ahead of real time. */
  ahead: number;
  seed?: string;
  put: [Kind, string, { id: string } | null][];
}

const compactFromBytes = 64 * 1024 * 1024;

/**
 * The state in one file: a line a transaction, appended before the request is answered. A kill can
 * only cut the last line short, which then never happened. When much of the file is history it is
 * written anew beside the old one and takes its place in one rename. What cannot be written (the disk
 * is full) is cut off again, and its transaction fails.
 */
export class Journal {
  #kernel: Kernel;
  #path: string;
  #file: number;
  #bytes = 0;
  #bytesCompacted = 0;
  #isRefused = false;
  #isClosed = false;
  #clockAheadMs: () => number;

  /** `clockAheadMs` is kept with the state, for a clock of our own; a shared one is its owner's. */
  constructor(kernel: Kernel, dataDir: string, clockAheadMs: () => number) {
    mkdirSync(dataDir, { recursive: true });
    this.#kernel = kernel;
    this.#path = join(dataDir, 'local-stripe.ndjson');
    this.#file = openSync(this.#path, 'a');
    namesToDisk(dataDir);
    this.#bytes = statSync(this.#path).size;
    this.#bytesCompacted = this.#bytes;
    this.#clockAheadMs = clockAheadMs;
    kernel.store.onCommit((changes) => this.#append(changes));
  }

  /** Empties the file, after the kernel was reset. */
  reset(): void {
    truncateSync(this.#path, 0);
    this.#bytes = 0;
    this.#bytesCompacted = 0;
    this.#append([]);
  }

  /** Notes how far the clock has been turned, where nothing else was to be written. */
  saveTime(): void {
    this.#append([]);
  }

  close(): void {
    try {
      this.saveTime();
    } catch (error) {
      this.#kernel.log(`The time is not saved: ${String(error)}`);
    }
    this.#isClosed = true;
    closeSync(this.#file);
  }

  #append(changes: Change[]): void {
    // A request that was cut off by the end: by now the number may be another file's.
    if (this.#isClosed) throw stateNotWritten(this.#path, 'closed');
    const put = changes.map(({ kind, id, value }) => [kind, id, value]) as Line['put'];
    this.#writeOrCut(this.#line(put));
    const grown = this.#bytes - 2 * this.#bytesCompacted;
    if (grown > compactFromBytes) this.#tryToCompact();
  }

  /** Half a line must not stay: the next one would follow it. */
  #writeOrCut(text: string): void {
    const before = this.#bytes;
    try {
      if (this.#isRefused) ftruncateSync(this.#file, before);
      this.#write(this.#file, text);
    } catch (cause) {
      const error = stateNotWritten(this.#path, cause);
      if (!this.#isRefused) this.#kernel.log(error.message);
      this.#isRefused = true;
      this.#bytes = before;
      cutTo(this.#file, before);
      throw error;
    }
    if (this.#isRefused) this.#kernel.log('The local Stripe can write its state again.');
    this.#isRefused = false;
  }

  /** Without room for it the file grows on, and it is tried when as much has come again. */
  #tryToCompact(): void {
    const before = this.#bytes;
    try {
      this.#compact();
    } catch (error) {
      this.#bytes = before;
      this.#bytesCompacted = before;
      rmSync(`${this.#path}.new`, { force: true });
      this.#kernel.log(`The state file is not made smaller: ${String(error)}`);
    }
  }

  #line(put: Line['put']): string {
    const line: Line = {
      sequence: this.#kernel.sequence,
      ahead: this.#clockAheadMs(),
      seed: this.#kernel.seed,
      put,
    };
    return `${JSON.stringify(line)}\n`;
  }

  #write(file: number, text: string): void {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    this.#bytes += bytes.length;
  }

  #compact(): void {
    const beside = `${this.#path}.new`;
    const file = openSync(beside, 'w');
    try {
      this.#bytes = 0;
      this.#writeAll(file);
      fsyncSync(file);
      renameSync(beside, this.#path);
    } catch (error) {
      closeSync(file);
      throw error;
    }
    closeSync(this.#file);
    this.#file = file;
    this.#bytesCompacted = this.#bytes;
    try {
      namesToDisk(dirname(this.#path));
    } catch (error) {
      // It is in its place for all who ask now.
      this.#kernel.log(`A power cut may bring back an older state file: ${String(error)}`);
    }
  }

  #writeAll(file: number): void {
    const { store } = this.#kernel;
    let text = '';
    for (const kind of store.kinds()) {
      for (const object of store.oldestFirst(kind)) {
        text += this.#line([[kind, object.id, object]]);
        if (text.length < 1 << 20) continue;
        this.#write(file, text);
        text = '';
      }
    }
    this.#write(file, text);
  }
}

/** A file that was made or renamed is so after a power cut too. Windows keeps names by itself. */
function namesToDisk(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Where even that fails, it is done before the next write. */
function cutTo(file: number, bytes: number): void {
  try {
    ftruncateSync(file, bytes);
  } catch {
    return;
  }
}

/**
 * Fills the kernel from the file in `dataDir`, if there is one. Answers how far its clock was ahead
 * of real time. Throws a one-sentence error when the file is not ours or damaged in the middle.
 */
export function loadJournal(kernel: Kernel, dataDir: string): { aheadMs: number } {
  const path = join(dataDir, 'local-stripe.ndjson');
  let aheadMs = 0;
  if (!existsSync(path)) return { aheadMs };
  let end = 0;
  let damagedAt: number | null = null;
  let number = 0;
  for (const { text, isWhole, bytes } of linesOf(path)) {
    number += 1;
    const line = isWhole ? parseLine(text) : null;
    if (line === null) {
      damagedAt ??= number;
      continue;
    }
    if (damagedAt !== null) {
      throw new Error(
        `The state file ${path} is damaged in line ${damagedAt}: move it away to start anew.`,
      );
    }
    for (const [kind, id, value] of line.put) kernel.store.load(kind, id, value);
    kernel.sequence = line.sequence;
    if (line.seed !== undefined) kernel.seed = line.seed;
    aheadMs = line.ahead;
    end += bytes;
  }
  if (damagedAt !== null) truncateSync(path, end);
  kernel.due.rebuild();
  return { aheadMs };
}

function parseLine(text: string): Line | null {
  try {
    const line = JSON.parse(text) as Line;
    return Array.isArray(line.put) && typeof line.sequence === 'number' ? line : null;
  } catch {
    return null;
  }
}

/** Line by line, since the whole may be longer than a string can be. */
function* linesOf(path: string): Generator<{ text: string; isWhole: boolean; bytes: number }> {
  const file = openSync(path, 'r');
  const chunk = Buffer.alloc(1 << 20);
  const decoder = new StringDecoder('utf8');
  let rest = '';
  try {
    for (;;) {
      const length = readSync(file, chunk, 0, chunk.length, null);
      if (length === 0) break;
      const lines = (rest + decoder.write(chunk.subarray(0, length))).split('\n');
      rest = lines.pop() ?? '';
      for (const text of lines) yield { text, isWhole: true, bytes: Buffer.byteLength(text) + 1 };
    }
    if (rest !== '') yield { text: rest, isWhole: false, bytes: 0 };
  } finally {
    closeSync(file);
  }
}
