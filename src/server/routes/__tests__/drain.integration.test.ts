import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import type { ApiError } from '../../../domain/api.ts';
import { startChatWithUpstream } from '../../../../tests/support/chat-upstream.ts';
import { readEvents } from '../../../../tests/support/sse.ts';

/** A client that keeps its one connection. */
function keptConnection(url: string, token: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  return (method: string, path: string, body?: object) =>
    new Promise<{ status: number; retryAfter?: string; body: string }>((resolve, reject) => {
      const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
      const sent = request(new URL(path, url), { agent, method, headers }, (answer) => {
        const { statusCode, headers } = answer;
        const retryAfter = headers['retry-after'];
        text(answer).then(
          (body) => resolve({ status: statusCode!, body, ...(retryAfter ? { retryAfter } : {}) }),
          reject,
        );
      });
      sent.once('error', reject);
      sent.end(body && JSON.stringify(body));
    });
}

test('14.1 a process that leaves is not ready, ends live streams, finishes chats, and meters nothing more', async () => {
  const chat = await startChatWithUpstream();
  onTestFinished(() => chat.stop());
  const { server } = chat;
  const { session } = await server.signUp();
  const send = keptConnection(server.url, session.accessToken);
  const draw = () => send('POST', '/api/images', { prompt: 'a tower' });
  expect((await draw()).status).toBe(200);

  const { say, counters } = await chat.tenant();
  const words = ['Once', ' upon'];
  const events = readEvents(await say({ words, after: { words: 1, then: 'wait' } }));
  await events.next();
  const live = await fetch(`${server.url}/api/subscription/usage/stream`, {
    headers: { Authorization: `Bearer ${session.accessToken}` },
  });

  const left = server.leave({ pauseSeconds: 0, graceSeconds: 60 });
  // The live stream ends when the socket is shut.
  await live.text();
  const refused = await draw();
  expect(refused).toMatchObject({ status: 503, retryAfter: '1' });
  expect(JSON.parse(refused.body) as ApiError).toMatchObject({
    code: 'busy',
    requestId: expect.stringMatching(/^req_/),
  });
  const { rows } = await server.database.pool.query<{ used: string }>(
    `select used from u00.usage_totals where tenant_id = $1 and resource_type = 'images'`,
    [session.tenant.id],
  );
  expect(rows).toEqual([{ used: '1' }]);

  chat.upstream.goOn();
  const told = [];
  for await (const { event } of events) told.push(event);
  expect(told).toEqual(['delta', 'done']);
  await left;
  expect(await counters()).toMatchObject({ messages: { used: 1, held: 0 } });
});

test('14.1 in the pause it says that it is stopping, and serves', async () => {
  const chat = await startChatWithUpstream();
  onTestFinished(() => chat.stop());
  const { server } = chat;
  void server.leave({ pauseSeconds: 600, graceSeconds: 0 });
  const readiness = await fetch(`${server.url}/readyz`);
  expect([readiness.status, readiness.headers.get('connection')]).toEqual([503, 'close']);
  expect(await readiness.json()).toMatchObject({ error: 'Not ready: this process is stopping.' });
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  const { say } = await chat.tenant();
  const told = [];
  for await (const { event } of readEvents(await say({ words: ['Hello'] }))) told.push(event);
  expect(told).toEqual(['delta', 'done']);
  server.hurry();
});
