import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startLocalStripe } from '../index.ts';
import { endpoints } from '../schema/index.ts';
import { isSandbox } from './support/subject.ts';

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');

test('the README lists exactly the endpoints that there are', () => {
  const listed = [
    ...readme.matchAll(/`((?:GET|POST|DELETE)(?: (?:GET|POST|DELETE))*) (\/v1\/[^`]+)`/g),
  ];
  const keys = listed.flatMap(([, methods = '', path]) =>
    methods.split(' ').map((method) => `${method} ${path}`),
  );
  expect(keys.sort()).toEqual([...endpoints].sort());
});

test.skipIf(isSandbox)('the walk works as it is written', { timeout: 120_000 }, async () => {
  const [, walk = ''] = readme.split('## A walk in five minutes');
  const [section = ''] = walk.split('\n## ');
  const blocks = [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  const script = blocks.join('\n');
  const promised = [...script.matchAll(/# → (.*)$/gm)].map(([, value]) => value);
  const local = await startLocalStripe({ port: 0, checkResponses: true });
  try {
    const { stdout } = await promisify(execFile)(
      'bash',
      ['-euo', 'pipefail', '-c', script.replaceAll('http://127.0.0.1:12111', local.url)],
      { env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` } },
    );
    expect(promised.length).toBeGreaterThan(10);
    expect(stdout.trim().split('\n')).toEqual(promised);
  } finally {
    await local.close();
  }
});
