import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

const ASKED_EVERY_MS = 100;

export interface Balancer {
  url: string;
  /** Resolves when `target` is ready to be sent requests, or (`false`) no longer is. */
  sees(target: string, ready: boolean): Promise<void>;
  close(): Promise<void>;
}

/**
 * A proxy before several processes, as one runs them in production: takes them in turn, keeps its
 * connections to them, asks each for `/readyz`, and gives a request to the next where one refuses
 * it: nobody listens, or 503.
 */
export async function startBalancer(targets: string[]): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true });
  const ready = new Set<string>();
  let turn = 0;
  const ask = async () => {
    for (const target of targets) {
      const answer = await fetch(`${target}/readyz`).catch(() => undefined);
      if (answer?.ok) ready.add(target);
      else ready.delete(target);
      await answer?.body?.cancel();
    }
  };
  let asking = ask();
  const timer = setInterval(() => (asking = asking.then(ask)), ASKED_EVERY_MS);

  const handOn = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const body = await buffer(incoming);
    turn += 1;
    const inTurn = [...targets, ...targets].slice(turn % targets.length).slice(0, targets.length);
    const byHealth = inTurn.toSorted((a, b) => Number(ready.has(b)) - Number(ready.has(a)));
    for (const target of byHealth) {
      const answer = await answerOf(agent, target, incoming, body).catch((error: unknown) => {
        if ((error as { code?: string }).code !== 'ECONNREFUSED') throw error;
      });
      if (answer === undefined || answer.statusCode === 503) {
        answer?.resume();
        continue;
      }
      outgoing.writeHead(answer.statusCode!, { ...answer.headers, connection: 'keep-alive' });
      answer.pipe(outgoing);
      answer.once('aborted', () => outgoing.destroy());
      return;
    }
    outgoing.writeHead(502).end('Nobody takes it.');
  };
  const server = createServer((incoming, outgoing) => {
    handOn(incoming, outgoing).catch((error: unknown) =>
      outgoing.writeHead(502).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async sees(target, wanted) {
      while (ready.has(target) !== wanted) {
        await new Promise((resolve) => setTimeout(resolve, ASKED_EVERY_MS / 2));
      }
    },
    async close() {
      clearInterval(timer);
      await asking;
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answerOf(
  agent: Agent,
  target: string,
  { url, method, headers }: IncomingMessage,
  body: Buffer,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { connection: _, ...rest } = headers;
    const onward = request(new URL(url!, target), { agent, method, headers: rest }, resolve);
    onward.once('error', reject);
    onward.end(body);
  });
}
