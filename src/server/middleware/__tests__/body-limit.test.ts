import { gzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import type { AppEnv } from '../../app-env.ts';
import { bodyLimit } from '../body-limit.ts';
import { errorHandler } from '../error-handler.ts';
import { inOneStep } from '../in-one-step.ts';

const app = new Hono<AppEnv>();
app.onError(errorHandler);
app.use(inOneStep(bodyLimit));
app.all('*', async (c) => c.text(`${(await c.req.arrayBuffer()).byteLength}`));

const send = (body: Uint8Array<ArrayBuffer> | undefined, headers: Record<string, string> = {}) =>
  app.request('/api/chat', {
    method: 'POST',
    ...(body && { body }),
    headers: body ? { 'content-length': `${body.byteLength}`, ...headers } : headers,
  });

const plain = new TextEncoder().encode('{"message":"Hi"}');

test.each(['gzip', 'GZIP', 'br', 'deflate', 'gzip, identity', 'none'])(
  'a body in %s is refused in a sentence that says so',
  async (encoding) => {
    const answer = await send(new Uint8Array(gzipSync(plain)), { 'content-encoding': encoding });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      code: 'invalid_request',
      error: 'Send the body as it is: no Content-Encoding is read here.',
    });
  },
);

test.each([[{}], [{ 'content-encoding': 'identity' }], [{ 'content-encoding': 'Identity' }]])(
  'one that is sent as it is comes through, with %j',
  async (headers) => {
    expect(await (await send(plain, headers)).text()).toBe(`${plain.byteLength}`);
  },
);

test('no body is in no encoding', async () => {
  expect((await send(undefined, { 'content-encoding': 'gzip' })).status).toBe(200);
});

test.each([
  [256 * 1024, 200],
  [256 * 1024 + 1, 413],
])('%i bytes are answered %i', async (bytes, status) => {
  expect((await send(new Uint8Array(bytes))).status).toBe(status);
});
