import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  startChatWithUpstream,
  type ChatWithUpstream,
} from '../../../../tests/support/chat-upstream.ts';
import type { Script } from '../../../../tests/support/openai-server.ts';

let chat: ChatWithUpstream;
beforeAll(async () => {
  // Where mail leaves, people show first that their address is theirs.
  chat = await startChatWithUpstream({ SMTP_URL: 'smtp://127.0.0.1:1' });
});
afterAll(() => chat.stop());

const hanging: Script = { words: [], after: { words: 0, then: 'hang' } };

async function hangUp(say: (script: Script, signal?: AbortSignal) => Promise<Response>) {
  const client = new AbortController();
  const told = chat.upstream.hungUp();
  const asked = chat.upstream.requests.length;
  const answer = say(hanging, client.signal);
  answer.catch(() => undefined);
  await expect.poll(() => chat.upstream.requests.length).toBe(asked + 1);
  client.abort();
  await told;
}

test('10.10 who hangs up before the first word has sent a message all the same', async () => {
  const { say, counters } = await chat.tenant();
  // What comes to nothing is not counted: nobody is charged for it.
  expect((await say({ words: [], status: 500 })).status).toBe(502);
  for (let n = 1; n <= 10; n += 1) {
    await hangUp(say);
    await expect.poll(counters).toMatchObject({ messages: { used: n, held: 0 } });
  }
  const refused = await say({ words: ['Hi'] });
  expect(refused.status).toBe(403);
  expect(await refused.json()).toMatchObject({ code: 'email_unverified' });
});
