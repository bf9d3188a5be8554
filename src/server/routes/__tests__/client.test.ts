import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Hono } from 'hono';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AppEnv } from '../../app-env.ts';
import { respondWithError, errorHandler } from '../../middleware/error-handler.ts';
import { BillingError } from '../../../domain/errors.ts';
import { clientRoutes } from '../client.ts';

let folder: string;
const app = new Hono<AppEnv>();
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'squaretable-client-'));
  mkdirSync(path.join(folder, 'assets'));
  const files: Record<string, string> = {
    'index.html': '<p>page</p>',
    'index.html.br': 'page in brotli',
    '.source-digest': 'abc',
    '.env': 'secret',
    'favicon.svg': '<svg/>',
    'assets/a-1234.js': 'plain',
    'assets/a-1234.js.br': 'in brotli',
    'assets/a-1234.js.gz': 'in gzip',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  app.onError(errorHandler);
  app.notFound((c) => respondWithError(c, new BillingError('not_found', 'nothing')));
  app.route('/', clientRoutes(folder));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const get = (address: string, acceptEncoding?: string, method = 'GET') =>
  app.request(address, {
    method,
    ...(acceptEncoding ? { headers: { 'Accept-Encoding': acceptEncoding } } : {}),
  });

test.each([
  ['/assets/a-1234.js', undefined, null, 'plain'],
  ['/assets/a-1234.js', 'gzip', 'gzip', 'in gzip'],
  ['/assets/a-1234.js', 'gzip, deflate, br', 'br', 'in brotli'],
  ['/assets/a-1234.js', 'gzip;q=0, identity', null, 'plain'],
  ['/assets/a-1234.js', 'br;q=1.0, gzip;q=0.8, *;q=0.1', 'br', 'in brotli'],
  ['/assets/a-1234.js', 'gzip;q=1.0, br;q=0.5', 'gzip', 'in gzip'],
  ['/assets/a-1234.js', 'br;q=0, gzip', 'gzip', 'in gzip'],
  ['/assets/a-1234.js', 'br ; q=0.000 , GZIP', 'gzip', 'in gzip'],
  ['/assets/a-1234.js', 'br;q = 0, gzip', 'gzip', 'in gzip'],
  ['/assets/a-1234.js', '*', 'br', 'in brotli'],
  ['/assets/a-1234.js', '*, br;q=0', 'gzip', 'in gzip'],
  ['/assets/a-1234.js', '*;q=0', null, 'plain'],
  ['/assets/a-1234.js', 'identity, br;q=0.5', null, 'plain'],
  ['/assets/a-1234.js', 'br;q=much, deflate', null, 'plain'],
  ['/', 'br', 'br', 'page in brotli'],
  ['/subscription', 'gzip, br', 'br', 'page in brotli'],
  ['/subscription', 'gzip', null, '<p>page</p>'],
  ['/favicon.svg', 'br', null, '<svg/>'],
])('10.24 %s to who accepts %s comes as %s', async (address, accepts, encoding, text) => {
  const answer = await get(address, accepts);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-encoding')).toBe(encoding);
  expect(answer.headers.get('vary')).toContain('Accept-Encoding');
  expect(await answer.text()).toBe(text);
});

test.each([
  ['/assets/a-1234.js', 'public, max-age=31536000, immutable'],
  ['/', 'no-cache'],
  ['/index.html', 'no-cache'],
  ['/subscription', 'no-cache'],
  ['/favicon.svg', 'no-cache'],
])('10.24 %s is kept as %s', async (address, cache) => {
  expect((await get(address)).headers.get('cache-control')).toBe(cache);
});

test.each([
  '/.source-digest',
  '/.env',
  '/%2esource-digest',
  '/.git/config',
  '/assets/.hidden',
  '/assets/a-1234.js.br',
  '/index.html.gz',
  '/nothing.png',
  '/assets/gone-5678.js',
  '/assets/',
  '/assets/gone',
  '/assets/pages/gone',
  '/wp-login.php',
  '/backup.sql',
  '/a/b.c',
  '/..%2f.env',
  '/%00.js',
])('10.16 %s is 404, not the page and no file', async (address) => {
  for (const method of ['GET', 'HEAD']) {
    const answer = await get(address, 'br, gzip', method);
    expect(answer.status, method).toBe(404);
    expect(answer.headers.get('cache-control')).not.toContain('immutable');
  }
});

test.each(['bytes=0-3', 'bytes=99-', 'nonsense'])(
  '10.24 a file is given whole to who asks for %s of it',
  async (range) => {
    const headers = { Range: range, 'Accept-Encoding': 'br' };
    const answer = await app.request('/assets/a-1234.js', { headers });
    expect([answer.status, await answer.text()]).toEqual([200, 'in brotli']);
  },
);

test('pages that are not built say how to build them', async () => {
  const bare = new Hono<AppEnv>();
  bare.onError(errorHandler);
  bare.route('/', clientRoutes(path.join(folder, 'nowhere')));
  const answer = await bare.request('/');
  expect([answer.status, await answer.json()]).toMatchObject([
    404,
    { error: expect.stringContaining('npm run build') },
  ]);
});
