import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SlowProxy {
  url: string;
  close(): Promise<void>;
}

/** Hands every request on to `target`, up to `delayMsMax` later. */
export async function startSlowProxy(target: string, delayMsMax: number): Promise<SlowProxy> {
  const server = createServer((incoming, outgoing) => {
    const later = setTimeout(() => {
      const onward = request(
        new URL(incoming.url!, target),
        { method: incoming.method, headers: incoming.headers },
        (answer) => {
          outgoing.writeHead(answer.statusCode!, answer.headers);
          answer.pipe(outgoing);
        },
      );
      onward.on('error', () => outgoing.destroy());
      incoming.pipe(onward);
    }, Math.random() * delayMsMax);
    outgoing.on('close', () => clearTimeout(later));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
