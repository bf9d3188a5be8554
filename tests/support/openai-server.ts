import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** How the server answers the next requests. */
export interface Script {
  /** The answer, piece by piece. */
  words: string[];
  /** Server-sent events; else one JSON object whatever was asked. */
  streamed?: boolean;
  usage?: Record<string, unknown>;
  /** Takes the request and never answers. */
  silent?: boolean;
  /** Sent as they are, some milliseconds apart, instead of everything below; then the end, nothing (`false`), or a cut connection. */
  raw?: { parts: string[]; everyMs: number; end?: boolean | 'die' };
  /** Answers this status and nothing else. */
  status?: number;
  /** After so many words: `die` cuts the connection, `close` ends the stream politely but early, `error` reports one inside it, `hang` says nothing more, `wait` goes on when `goOn` is called. */
  after?: { words: number; then: 'die' | 'close' | 'error' | 'hang' | 'wait' };
  /** Sends `[DONE]` at the end, as OpenAI does; some servers do not. */
  done?: boolean;
}

export interface OpenAiServer {
  /** To be used as `LLM_BASE_URL`. */
  url: string;
  /** The bodies received. */
  requests: Record<string, unknown>[];
  authorizations: (string | undefined)[];
  script: Script;
  /** Lets an answer that waits go on. */
  goOn(): void;
  /** Resolves when a client hangs up on an answer that is not finished. */
  hungUp(): Promise<void>;
  close(): Promise<void>;
}

/** A server that speaks OpenAI's `POST /chat/completions`, well or badly, over real HTTP; it lists one model. */
export async function startOpenAiServer(): Promise<OpenAiServer> {
  const waiting: (() => void)[] = [];
  const paused: (() => void)[] = [];
  const server = createServer((request, response) => {
    response.on('close', () => {
      if (!response.writableFinished) waiting.splice(0).forEach((resolve) => resolve());
    });
    if (request.method === 'GET') {
      const models = { object: 'list', data: [{ id: 'words', object: 'model' }] };
      response.writeHead(request.url === '/v1/models' ? 200 : 404).end(JSON.stringify(models));
      return;
    }
    void readBody(request).then((body) => {
      state.requests.push(body);
      state.authorizations.push(request.headers.authorization);
      if (request.url !== '/v1/chat/completions') response.writeHead(404).end();
      else answer(response, state.script, (rest) => paused.push(rest));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const state: OpenAiServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests: [],
    authorizations: [],
    script: { words: ['Hello', ' there', '.'], streamed: true },
    goOn: () => paused.splice(0).forEach((rest) => rest()),
    hungUp: () => new Promise((resolve) => waiting.push(resolve)),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return state;
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text) as Record<string, unknown>;
}

type Pause = (rest: () => void) => void;

function answer(response: ServerResponse, script: Script, pause: Pause): void {
  if (script.silent) return;
  if (script.raw) {
    void sendRaw(response, script.raw);
  } else if (script.status !== undefined) {
    response.writeHead(script.status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ error: { message: 'secret detail', type: 'server_error' } }));
  } else if (script.streamed ?? true) {
    stream(response, script, pause);
  } else {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const content = script.words.join('');
    const choice = { index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' };
    response.end(JSON.stringify({ id: 'c1', choices: [choice], usage: script.usage }));
  }
}

async function sendRaw(response: ServerResponse, raw: NonNullable<Script['raw']>) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  for (const part of raw.parts) {
    response.write(part);
    await setTimeout(raw.everyMs);
  }
  if (raw.end === 'die') response.destroy();
  else if (raw.end ?? true) response.end();
}

function stream(response: ServerResponse, script: Script, pause: Pause): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  const send = (data: object) => response.write(`data: ${JSON.stringify(data)}\n\n`);
  const choice = (delta: object, finish_reason: string | null = null) => ({
    choices: [{ index: 0, delta, finish_reason }],
  });
  response.write(': warming up\n\n');
  send(choice({ role: 'assistant', content: '' }));
  const { words, after, usage, done = true } = script;
  const finish = () => {
    send(choice({}, 'stop'));
    if (usage) send({ choices: [], usage });
    response.end(done ? 'data: [DONE]\n\n' : undefined);
  };
  for (const word of words.slice(0, after?.words)) send(choice({ content: word }));
  switch (after?.then) {
    case 'die':
      // What was written must have left before the connection is cut.
      response.write('', () => response.destroy());
      return;
    case 'error':
      send({ error: { message: 'overloaded' } });
      response.end();
      return;
    case 'close':
      response.end();
      return;
    case 'hang':
      return;
    case 'wait':
      pause(() => {
        for (const word of words.slice(after.words)) send(choice({ content: word }));
        finish();
      });
      return;
    case undefined:
      finish();
  }
}
