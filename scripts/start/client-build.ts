import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { toDisk, writeDurably } from '../../src/db/durable-file.ts';
import { ConfigError } from '../../src/server/config/env.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const OUT = 'dist/client';
const SOURCES = ['src/client', 'src/domain', 'vite.config.ts', 'package-lock.json'];

const VITE = 'node_modules/vite/bin/vite.js';

/**
 * Builds the pages unless they were built from exactly these sources. Throws a sentence where they
 * cannot be built here, else what Vite said, or that `signal` was aborted.
 */
export async function ensureClientBuilt(
  log: (line: string) => void,
  signal?: AbortSignal,
  root = ROOT,
): Promise<void> {
  const digest = sourceDigest(root);
  const out = path.join(root, OUT);
  const stamp = path.join(out, '.source-digest');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  assertCanBuild(path.join(root, VITE), out);
  log('Building the pages (once; about 20 seconds) …');
  await runVite(root, signal);
  // A stamp that outlives its pages in a power cut would leave them broken for good.
  for (const name of readdirSync(out, { recursive: true, encoding: 'utf8' })) {
    await toDisk(path.join(out, name));
  }
  await writeDurably(stamp, digest);
}

function assertCanBuild(vite: string, out: string): void {
  if (!existsSync(vite)) {
    throw new ConfigError(
      'The pages are not built from these sources, and what builds them is not installed: run `npm ci --include=dev && npm run build`, here or elsewhere, and keep dist/client.',
    );
  }
  try {
    mkdirSync(out, { recursive: true });
    accessSync(out, constants.W_OK);
  } catch (error) {
    const { code } = error as { code?: string };
    throw new ConfigError(
      `The pages are not built from these sources, and ${out} cannot be written (${code}): run \`npm run build\` as a user who may, or bring dist/client here.`,
    );
  }
}

function sourceDigest(root: string): string {
  const hash = createHash('sha256');
  for (const source of SOURCES) addTo(hash, root, source);
  return hash.digest('hex');
}

function addTo(hash: ReturnType<typeof createHash>, root: string, name: string): void {
  const file = path.join(root, name);
  if (!existsSync(file)) return;
  const children = readChildren(file);
  if (children) for (const child of children) addTo(hash, root, path.join(name, child));
  else hash.update(name).update('\0').update(readFileSync(file)).update('\0');
}

function readChildren(file: string): string[] | undefined {
  try {
    return readdirSync(file).sort();
  } catch {
    return undefined;
  }
}

function runVite(root: string, signal: AbortSignal | undefined): Promise<void> {
  const child = spawn(process.execPath, [path.join(root, VITE), 'build', '--logLevel', 'warn'], {
    cwd: root,
    // Whatever is being run here, the pages are the ones that ship.
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal ? { signal } : {}),
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) return resolve();
      reject(new Error(`The pages could not be built:\n${Buffer.concat(output).toString()}`));
    });
  });
}
