import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

interface Manifest {
  version: string;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

const here = path.resolve(import.meta.dirname, '..');
const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Manifest;
const manifest = read(path.join(here, 'package.json'));
const elsewhere = mkdtempSync(path.join(tmpdir(), 'local-stripe-packed-'));
const env = {
  ...process.env,
  PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env.PATH}`,
};
let program: ChildProcess | undefined;

/** Where the package's dependency is installed here, so that the test needs no registry. */
function installed(name: string): string {
  const found = fileURLToPath(import.meta.resolve(name));
  const end = found.lastIndexOf(path.join('node_modules', name)) + 'node_modules/'.length;
  return path.join(found.slice(0, end), name);
}

beforeAll(() => {
  execFileSync('npm', ['pack', '--pack-destination', elsewhere], { cwd: here, env, stdio: 'pipe' });
  const dependencies = Object.keys(manifest.dependencies).map((name) => [
    name,
    `file:${installed(name)}`,
  ]);
  const own = `file:local-stripe-${manifest.version}.tgz`;
  const project = { dependencies: { ...Object.fromEntries(dependencies), 'local-stripe': own } };
  writeFileSync(path.join(elsewhere, 'package.json'), JSON.stringify(project));
  const flags = ['--offline', '--no-audit', '--no-fund', '--ignore-scripts'];
  execFileSync('npm', ['install', ...flags], { cwd: elsewhere, env, stdio: 'pipe' });
}, 300_000);

afterAll(async () => {
  if (program?.exitCode === null) {
    program.kill();
    await once(program, 'exit');
  }
  rmSync(elsewhere, { recursive: true, force: true });
});

test('8 packed and installed elsewhere, it starts with one command, answers and stops', async () => {
  const command = path.join(elsewhere, 'node_modules/.bin/local-stripe');
  program = spawn(command, ['--port', '0'], { cwd: elsewhere, env });
  const exited = once(program, 'exit');
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(program!.stdout!).on('line', (line) => {
      const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
      if (found !== undefined) resolve(found);
    });
    program!.stderr!.on('data', (chunk: Buffer) => reject(new Error(String(chunk))));
  });
  const headers = { authorization: 'Bearer sk_test_packed' };
  const made = await fetch(`${url}/v1/customers`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'name=Packed',
  });
  expect([made.status, await made.json()]).toMatchObject([200, { object: 'customer' }]);
  for (const page of ['/_control', '/_assets/style.css']) {
    expect((await fetch(url + page)).status).toBe(200);
  }
  program.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
});

test('8 a program that installed it starts one within itself', () => {
  const story = `
    const { startLocalStripe, frozenClock } = await import('local-stripe');
    const local = await startLocalStripe({ port: 0, clock: frozenClock(new Date(1e12)) });
    const { status } = await fetch(local.url + '/v1/customers', { headers: { authorization: 'Bearer sk_test_x' } });
    console.log(status, local.clock.now().toISOString());
    await local.close();`;
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', story], {
    cwd: elsewhere,
    encoding: 'utf8',
  });
  expect(said.trim()).toBe('200 2001-09-09T01:46:40.000Z');
});
