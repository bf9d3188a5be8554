import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bundleApp } from '../support/app-bundle.ts';
import { startRunPostgres } from './postgres.ts';
import type { WorldOptions } from './world.ts';

export interface Run {
  postgres: WorldOptions['postgres'];
  /** Leaves nothing behind: no server, no folder. */
  end(): Promise<void>;
}

/**
 * What a long run outside the test runner needs: the product in one file, a PostgreSQL, and one folder
 * for all that it and its children put down for a while. Ends by itself when it is interrupted.
 */
export async function beginRun(): Promise<Run> {
  const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-run-'));
  process.env.TMPDIR = folder;
  // Child processes start quicker when they find the code compiled.
  process.env.NODE_COMPILE_CACHE = path.join(folder, 'code');
  const bundle = await bundleApp();
  process.env.APP_BUNDLE = bundle.file;
  const clear = () => {
    bundle.remove();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const { postgres, stop } = await startRunPostgres().catch((error: unknown) => {
    clear();
    throw error;
  });
  let ending: Promise<void> | undefined;
  const end = () => (ending ??= stop().finally(clear));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void end().finally(() => process.exit(130)));
  }
  return { postgres, end };
}
