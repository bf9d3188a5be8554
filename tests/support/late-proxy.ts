import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface LateProxy {
  url: string;
  /**
   * Keeps the next such request, whose maker hears nothing: it arrives when the same is asked again, a moment
   * before that.
   */
  keepNext(method: string, path: string): void;
  close(): Promise<void>;
}

interface Kept {
  method: string;
  path: string;
  /** Hands it on; answers when it has taken effect. */
  arrive?: () => Promise<unknown>;
}

/** Hands every request on to `target`, but for those that it keeps. */
export async function startLateProxy(target: string): Promise<LateProxy> {
  let kept: Kept | undefined;
  const server = createServer((incoming, outgoing) => void handle(incoming, outgoing));

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = incoming;
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const onward = () => send(new URL(url, target), incoming, Buffer.concat(chunks));
    if (kept?.method === method && url.split('?')[0] === kept.path) {
      if (kept.arrive === undefined) {
        kept.arrive = onward;
        return;
      }
      const { arrive } = kept;
      kept = undefined;
      await arrive();
    }
    const answer = await onward();
    outgoing.writeHead(answer.status, [...answer.headers].flat());
    outgoing.end(Buffer.from(await answer.arrayBuffer()));
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keepNext: (method, path) => (kept = { method, path }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function send(to: URL, { method, headers }: IncomingMessage, body: Buffer): Promise<Response> {
  const given = Object.entries(headers).filter(
    ([name]) => !['host', 'connection', 'content-length', 'transfer-encoding'].includes(name),
  ) as [string, string][];
  return fetch(to, {
    method: method!,
    headers: given,
    ...(body.length > 0 ? { body: new Uint8Array(body) } : {}),
  });
}
