import { once } from 'node:events';
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, onTestFinished, test } from 'vitest';
import { Drain, type DrainTimes } from '../drain.ts';

/** A server that answers at once, but `/slow` when it is told to go on. */
async function startServer() {
  const drain = new Drain();
  const slow: ServerResponse[] = [];
  const server = createServer((incoming, response) => {
    if (drain.refuses(incoming)) response.writeHead(503).end();
    else if (incoming.url === '/slow') slow.push(response);
    else if (incoming.url === '/begun') {
      response.flushHeaders();
      slow.push(response);
    } else response.end('answered');
  });
  drain.watch(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const leave = (times: Partial<DrainTimes> = {}) =>
    drain.stop(server, { pauseSeconds: 0, graceSeconds: 60, ...times });
  return { drain, port, slow, leave };
}

/** A client that keeps its one connection. */
function client(port: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const send = (path: string) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      request({ port, path, agent, host: '127.0.0.1' }, resolve).once('error', reject).end();
    });
  return {
    send,
    socket: () => Object.values(agent.freeSockets)[0]?.[0],
    async get(path: string) {
      const answer = await send(path);
      return [answer.statusCode, answer.headers.connection, await text(answer)];
    },
  };
}

const refused = (port: number) => once(connect(port, '127.0.0.1'), 'connect').catch((e) => e.code);

test('14.1 in the pause everything is served, and every answer closes its connection', async () => {
  const { port, drain, slow, leave } = await startServer();
  const [kept, waiting] = [client(port), client(port)];
  expect(await kept.get('/')).toEqual([200, 'keep-alive', 'answered']);
  const answer = waiting.get('/slow');
  await expect.poll(() => slow.length).toBe(1);

  const left = leave({ pauseSeconds: 600 });
  expect(drain.begun.aborted).toBe(true);
  expect(await kept.get('/')).toEqual([200, 'close', 'answered']);
  expect(await kept.get('/')).toEqual([200, 'close', 'answered']);
  slow[0]!.end('late');
  expect(await answer).toEqual([200, 'close', 'late']);
  expect(drain.closed.aborted).toBe(false);
  drain.hurry();
  await left;
  expect(await refused(port)).toBe('ECONNREFUSED');
});

test('14.1 after it the socket is shut, kept connections are refused, and answers end', async () => {
  const { port, drain, slow, leave } = await startServer();
  const [kept, waiting, begun] = [client(port), client(port), client(port)];
  await kept.get('/');
  const late = waiting.get('/slow');
  await expect.poll(() => slow.length).toBe(1);
  const stream = await begun.send('/begun');

  let isOver = false;
  const left = leave().then(() => (isOver = true));
  await once(drain.closed, 'abort');
  expect(await refused(port)).toBe('ECONNREFUSED');
  expect(await kept.get('/')).toEqual([503, 'close', '']);
  slow[1]!.end('the end');
  expect(await text(stream)).toBe('the end');
  // Its head had promised to keep the connection, which is of no use any more: the next request is not sent there.
  await expect.poll(() => begun.socket()).toBeUndefined();
  expect(await begun.get('/').catch((error) => error.code)).toBe('ECONNREFUSED');
  expect(isOver).toBe(false);
  slow[0]!.end('late');
  expect(await late).toEqual([200, 'close', 'late']);
  await left;
  expect(drain.over.aborted).toBe(true);
});

test('14.1 who has just connected is served', async () => {
  const { port, drain, leave } = await startServer();
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const left = leave();
  await once(drain.closed, 'abort');
  socket.write('GET / HTTP/1.1\r\nHost: here\r\n\r\n');
  expect(await text(socket)).toMatch(/^HTTP\/1.1 200 [^]*Connection: close[^]*answered/i);
  await left;
});

test('14.1 what nobody used in the whole pause is closed, and what was used is not', async () => {
  const { port, drain, slow, leave } = await startServer();
  const [unused, used, begun] = [client(port), client(port), client(port)];
  for (const one of [unused, used]) await one.get('/');
  const stream = await begun.send('/begun');
  const gaveUp = once(unused.socket()!, 'close');
  const closed = once(drain.closed, 'abort');

  const left = leave({ pauseSeconds: 600 });
  const answer = used.get('/slow');
  await expect.poll(() => slow.length).toBe(2);
  drain.hurry();
  await Promise.all([gaveUp, closed]);
  expect(await unused.get('/').catch((error) => error.code)).toBe('ECONNREFUSED');
  for (const response of slow) response.end('late');
  expect(await text(stream)).toBe('late');
  expect(await answer).toEqual([200, 'close', 'late']);
  await left;
});

test('14.1 everybody who has knocked before the socket is shut is let in', async () => {
  const { port, leave } = await startServer();
  const knocking = Array.from({ length: 100 }, () => connect(port, '127.0.0.1'));
  const left = leave();
  for (const socket of knocking) socket.write('GET / HTTP/1.1\r\nHost: here\r\n\r\n');
  const answers = await Promise.all(knocking.map((socket) => text(socket)));
  expect(answers.filter((answer) => !answer.endsWith('answered'))).toEqual([]);
  await left;
});

test.each([
  ['the grace is over', { graceSeconds: 0.05 }, () => {}],
  ['somebody is in a hurry', {}, (drain: Drain) => drain.hurry()],
])('14.1 when %s, what still runs is told, and cut', async (_when, times, act) => {
  const { port, drain, slow, leave } = await startServer();
  const answer = client(port).get('/slow');
  await expect.poll(() => slow.length).toBe(1);
  drain.over.addEventListener('abort', () => slow[0]!.end('cut'));
  const left = leave(times);
  await once(drain.closed, 'abort');
  act(drain);
  expect(await answer).toEqual([200, 'close', 'cut']);
  await left;
});

test('14.1 a connection on which nothing is asked holds nobody up', async () => {
  const { port, leave } = await startServer();
  const [silent, kept] = [connect(port, '127.0.0.1'), client(port)];
  await once(silent, 'connect');
  await kept.get('/');
  const ended = once(silent, 'close');
  silent.resume();
  await leave();
  await ended;
});

test('10.22 work goes on to its end when its client has hung up', async () => {
  const { port, drain, slow, leave } = await startServer();
  const work = Promise.withResolvers<void>();
  expect(drain.during(work.promise)).toBe(work.promise);
  const socket = connect(port, '127.0.0.1');
  socket.write('GET /slow HTTP/1.1\r\nHost: here\r\n\r\n');
  await expect.poll(() => slow.length).toBe(1);
  socket.destroy();
  await expect.poll(() => drain.answers).toBe(0);

  let isGone = false;
  const left = leave().then(() => (isGone = true));
  await once(drain.closed, 'abort');
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
  expect([isGone, drain.over.aborted, drain.works]).toEqual([false, false, 1]);
  work.reject(new Error('its own end, told to whoever waits for it'));
  await left;
  await expect(work.promise).rejects.toThrow('its own end');
  expect(drain.works).toBe(0);
});

test('10.22 work that goes on after the grace holds nobody up', async () => {
  const { drain, leave } = await startServer();
  const work = Promise.withResolvers<void>();
  void drain.during(work.promise);
  const cut = once(drain.over, 'abort').then(() => work.resolve());
  await leave({ graceSeconds: 0.05 });
  await cut;
  expect(drain.works).toBe(0);
});

// A table that was full is followed by a new one to which it refers, and keeps what it held: one that is old and
// dead would keep all that came after it, until all memory is looked through.
test('no answer outlives the collections of young memory because it was watched', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void;
  const server = createServer();
  new Drain().watch(server);
  server.on('request', (_request, response: ServerResponse) => {
    Object.assign(response, { kept: new Array(1_000).fill(0) });
    globalThis.setImmediate(() => response.end('answered'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const clients = Array.from({ length: 32 }, () => client(port));
  const ask = async (times: number) => {
    for (let n = 0; n < times; n += 1) await Promise.all(clients.map((one) => one.get('/')));
  };

  await ask(10);
  collect();
  const before = oldMemory();
  for (let n = 0; n < 10; n += 1) {
    await ask(10);
    collect({ type: 'minor' });
  }
  // Of 3,200 answers with 8,000 bytes each.
  expect(oldMemory() - before).toBeLessThan(5_000_000);
});

const oldMemory = () =>
  getHeapSpaceStatistics().find((space) => space.space_name === 'old_space')!.space_used_size;
