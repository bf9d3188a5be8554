import { open } from 'node:fs/promises';
import { vi } from 'vitest';

export type Synced = 'file' | 'folder';

interface Handle {
  stat(): Promise<{ isDirectory(): boolean }>;
  sync(): Promise<void>;
}

/**
 * Runs `work` and answers what it has waited for to be on the disk, in order, each with the state that
 * `look` saw at that moment. `before` may fail a wait by throwing.
 */
export async function syncsOf<T>(
  work: () => Promise<unknown>,
  look: () => T,
  before: (what: Synced) => void = () => {},
): Promise<{ what: Synced; state: T }[]> {
  const seen: { what: Synced; state: T }[] = [];
  const handle = await open(import.meta.filename);
  const prototype = Object.getPrototypeOf(handle) as Handle;
  await handle.close();
  const { sync } = prototype;
  const spy = vi.spyOn(prototype, 'sync').mockImplementation(async function (this: Handle) {
    const what = (await this.stat()).isDirectory() ? 'folder' : 'file';
    seen.push({ what, state: look() });
    before(what);
    await sync.call(this);
  });
  try {
    await work();
  } finally {
    spy.mockRestore();
  }
  return seen;
}
