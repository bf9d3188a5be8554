import { connect } from 'node:net';

/** Requests as bytes, because a client that builds them takes longer than the server that answers. */
export interface Wire {
  port: number;
  connections: number;
  seconds: number;
  /** One connection's side: the next request's head and body, by the body of the answer before. */
  speaker(): (answer: string) => string;
}

export function requestBytes(
  method: string,
  path: string,
  headers: Record<string, string>,
  body = '',
): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = body === '' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${lines.join('')}${length}\r\n${body}`;
}

/** Answers a second, of which each is a good one; one request after the other on each connection. */
export async function driveWire(wire: Wire): Promise<number> {
  const begun = performance.now();
  const end = begun + wire.seconds * 1000;
  const counts = await Promise.all(
    Array.from({ length: wire.connections }, () => talk(wire, () => performance.now() < end)),
  );
  const answers = counts.reduce((sum, count) => sum + count, 0);
  return answers / ((performance.now() - begun) / 1000);
}

function talk(wire: Wire, goesOn: () => boolean): Promise<number> {
  const socket = connect(wire.port, '127.0.0.1').setNoDelay();
  const next = wire.speaker();
  let answers = 0;
  let received = '';
  return new Promise((resolve, reject) => {
    socket.on('connect', () => socket.write(next('')));
    socket.on('error', reject);
    socket.on('close', () => resolve(answers));
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      const answer = bodyOf(received);
      if (answer === undefined) return;
      if (!received.startsWith('HTTP/1.1 20')) return void socket.destroy(new Error(received));
      answers += 1;
      received = '';
      if (goesOn()) socket.write(next(answer));
      else socket.end();
    });
  });
}

/** The answer's body once all of it is there. */
function bodyOf(received: string): string | undefined {
  const head = received.indexOf('\r\n\r\n');
  if (head < 0) return undefined;
  const length = /content-length: (\d+)/i.exec(received)?.[1];
  if (length === undefined) throw new Error(`An answer without its length: ${received}`);
  const body = received.slice(head + 4);
  return body.length >= Number(length) ? body : undefined;
}
