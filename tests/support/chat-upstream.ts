import { createMovableClock } from '../../src/server/clock.ts';
import { loadTokenCounter } from '../../src/server/services/chat/upstream/tokens.ts';
import { countersOf } from './metering.ts';
import { startOpenAiServer, type Script } from './openai-server.ts';
import { startTestServer } from './server.ts';

export type ChatWithUpstream = Awaited<ReturnType<typeof startChatWithUpstream>>;

/** The app with an OpenAI-compatible server behind it that does as it is told. */
export async function startChatWithUpstream(env: Record<string, string> = {}) {
  const clock = createMovableClock();
  const upstream = await startOpenAiServer();
  const server = await startTestServer({
    clock,
    env: {
      LLM_BASE_URL: upstream.url,
      LLM_API_KEY: 'sk-upstream',
      LLM_MODEL: 'small',
      LLM_ADVANCED_MODELS: 'large',
      ...env,
    },
  });
  return {
    clock,
    upstream,
    server,

    /** A new tenant that says hello, to an upstream that answers by the script. */
    async tenant() {
      const { session } = await server.signUp();
      return {
        id: session.tenant.id,
        say: (script: Script, signal?: AbortSignal) => {
          upstream.script = script;
          return fetch(`${server.url}/api/chat`, {
            method: 'POST',
            headers: {
              Authorization: `Bearer ${session.accessToken}`,
              'Content-Type': 'application/json',
            },
            body: JSON.stringify({ message: 'Hello' }),
            ...(signal ? { signal } : {}),
          });
        },
        counters: () => countersOf(server.database.pool, session.tenant.id),
      };
    },

    /** What we count ourselves: of the prompt as it was last sent, and of the answer. */
    async counted(answer: string) {
      const counter = await loadTokenCounter();
      const messages = upstream.requests.at(-1)?.['messages'] as never;
      const promptTokens = counter.countMessages(messages);
      const completionTokens = counter.countText(answer);
      return { promptTokens, completionTokens, totalTokens: promptTokens + completionTokens };
    },

    async stop() {
      await server.stop();
      await upstream.close();
    },
  };
}
