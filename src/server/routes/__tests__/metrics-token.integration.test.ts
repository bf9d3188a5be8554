import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';

const TOKEN = 'a token for the figures';
let closed: TestServer;
let guarded: TestServer;
beforeAll(async () => {
  closed = await startTestServer({ env: { HOST: '0.0.0.0' } });
  guarded = await startTestServer({ env: { HOST: '0.0.0.0', METRICS_TOKEN: TOKEN } });
});
afterAll(async () => {
  await closed?.stop();
  await guarded?.stop();
});

const read = (server: TestServer, token?: string) =>
  fetch(`${server.url}/metrics`, token ? { headers: { Authorization: `Bearer ${token}` } } : {});

test('14.7 figures are shown to who has their token', async () => {
  const answer = await read(guarded, TOKEN);
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain('process_resident_memory_bytes');
});

test.each([
  ['without one', () => read(guarded), 'Send `Authorization: Bearer <METRICS_TOKEN>`.'],
  ['with another', () => read(guarded, `${TOKEN}.`), 'Send `Authorization'],
  ['where none is set', () => read(closed, TOKEN), 'METRICS_TOKEN is not set'],
])('14.7 %s they are refused', async (_what, ask, sentence) => {
  const answer = await ask();
  expect(answer.status).toBe(401);
  expect(await answer.json()).toMatchObject({ error: expect.stringContaining(sentence) });
});
