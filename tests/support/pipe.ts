import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

export interface Pipe {
  /** Both ends. */
  fd: number;
  /** Everything that was read so far, and what is in it now. */
  read(): string;
}

/** A pipe of the system's own size, for the test that calls; nobody reads it but who calls `read`. */
export function openPipe(): Pipe {
  const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-pipe-'));
  const file = path.join(folder, 'pipe');
  execFileSync('mkfifo', [file]);
  const fd = openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
  onTestFinished(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
  const buffer = Buffer.alloc(1024 * 1024);
  let text = '';
  const read = () => {
    try {
      text += buffer.toString('utf8', 0, readSync(fd, buffer));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
    return text;
  };
  return { fd, read };
}
