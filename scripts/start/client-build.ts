import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { toDisk, writeDurably } from '../../src/db/durable-file.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const OUT = path.join(ROOT, 'dist/client');
const STAMP = path.join(OUT, '.source-digest');
const SOURCES = ['src/client', 'src/domain', 'vite.config.ts', 'package-lock.json'];

/**
 * Builds the pages unless they were built from exactly these sources. Throws what Vite said, or that
 * `signal` was aborted.
 */
export async function ensureClientBuilt(
  log: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const digest = sourceDigest();
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === digest) return;
  log('Building the pages (once; about 20 seconds) …');
  await runVite(signal);
  // A stamp that outlives its pages in a power cut would leave them broken for good.
  for (const name of readdirSync(OUT, { recursive: true, encoding: 'utf8' })) {
    await toDisk(path.join(OUT, name));
  }
  await writeDurably(STAMP, digest);
}

function sourceDigest(): string {
  const hash = createHash('sha256');
  for (const source of SOURCES) addTo(hash, path.join(ROOT, source));
  return hash.digest('hex');
}

function addTo(hash: ReturnType<typeof createHash>, file: string): void {
  if (!existsSync(file)) return;
  const children = readChildren(file);
  if (children) for (const child of children) addTo(hash, path.join(file, child));
  else hash.update(path.relative(ROOT, file)).update('\0').update(readFileSync(file)).update('\0');
}

function readChildren(file: string): string[] | undefined {
  try {
    return readdirSync(file).sort();
  } catch {
    return undefined;
  }
}

function runVite(signal: AbortSignal | undefined): Promise<void> {
  const vite = path.join(ROOT, 'node_modules/vite/bin/vite.js');
  const child = spawn(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
    cwd: ROOT,
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
