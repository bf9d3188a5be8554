import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ConfigError } from '../../src/server/config/env.ts';
import { ensureClientBuilt } from './client-build.ts';

/** A checkout that was never built, with these files. */
function checkout(...files: string[]): string {
  const root = mkdtempSync(path.join(tmpdir(), 'squaretable-build-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const file of ['src/client/main.ts', ...files]) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), '');
  }
  return root;
}

const build = (root: string) => ensureClientBuilt(() => undefined, undefined, root);

test('14.6 pages that cannot be built for want of packages are one sentence', async () => {
  const built = build(checkout());
  await expect(built).rejects.toThrow(ConfigError);
  await expect(built).rejects.toThrow(/not installed: run `npm ci --include=dev && npm run build`/);
});

test('14.6 so are those that have no place to go to', async () => {
  // Where the folder should be, nothing can be written.
  const built = build(checkout('node_modules/vite/bin/vite.js', 'dist'));
  await expect(built).rejects.toThrow(ConfigError);
  await expect(built).rejects.toThrow(
    /dist\/client cannot be written \(\w+\): run `npm run build`/,
  );
});
