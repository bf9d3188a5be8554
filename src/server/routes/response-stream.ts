import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { streamSSE, type SSEStreamingApi } from 'hono/streaming';
import type { AppEnv } from '../app-env.ts';
import { errorText } from '../log/error-text.ts';
import { IDLE_MS, type StreamSlots } from '../streams/stream-slots.ts';

/** Comments on an open stream, so that proxies do not take it for dead. */
const KEEP_ALIVE_MS = 20_000;

/**
 * A file is answered when its first byte is there, so that what its source refuses is a refusal and no broken
 * download; after so long without one all the same, for a long file may take its time to be sorted.
 */
const FIRST_BYTE_WITHIN_MS = 9_000;

export interface EventStream {
  /** Aborted when the stream ends: the client hung up, takes nothing any more, or `until` came. */
  signal: AbortSignal;
  sse: SSEStreamingApi;
}

interface StreamOptions {
  /** Where a place is taken before anything is opened; refused with 429 or 503. */
  slots: StreamSlots;
  tenantId: string;
}

export interface EventStreamOptions extends StreamOptions {
  /** The server's own end of the stream. */
  until: AbortSignal;
  run(stream: EventStream): Promise<void>;
}

/**
 * Answers with server-sent events. The slot is released in every way the stream can end. HEAD is
 * answered with the headers alone.
 */
export async function respondWithEvents(
  c: Context<AppEnv>,
  options: EventStreamOptions,
): Promise<Response> {
  if (c.req.method === 'HEAD') {
    return c.body(null, 200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  }
  const slot = await options.slots.take(options.tenantId);
  const hangUp = new AbortController();
  const signal = AbortSignal.any([hangUp.signal, c.req.raw.signal, options.until]);
  return sendEvents(c, {
    hangUp,
    idleMs: options.slots.idleMs,
    async run(sse) {
      try {
        await options.run({ sse, signal });
      } catch (error) {
        // The stream ends, and the page opens it again: that is all there is to tell.
        c.get('log')().warn({ why: errorText(error) }, 'a live stream broke off');
      } finally {
        slot.release();
      }
    },
  });
}

export interface SentEvents {
  /** Aborted when the reader hangs up, or takes nothing any more. */
  hangUp: AbortController;
  /** Milliseconds without a byte being taken; a minute unless told. */
  idleMs?: number;
  run(sse: SSEStreamingApi): Promise<void>;
}

/** Sends what `run` writes as server-sent events, with signs of life between; a reader that stalls is dropped. */
export function sendEvents(
  c: Context<AppEnv>,
  { hangUp, idleMs = IDLE_MS, run }: SentEvents,
): Response {
  const idle = watchIdle(idleMs, () => {
    hangUp.abort();
    dropConnection(c);
  });
  return streamSSE(c, async (sse) => {
    sse.onAbort(() => hangUp.abort());
    const write = sse.write.bind(sse);
    sse.write = (input) => idle.during(write(input));
    const beat = setInterval(() => void sse.write(': \n\n'), KEEP_ALIVE_MS).unref();
    try {
      await run(sse);
    } finally {
      clearInterval(beat);
      idle.stop();
    }
  });
}

export interface FileStreamOptions extends StreamOptions {
  headers: Record<string, string>;
  /** Opens the file; may refuse by throwing. Not called for HEAD. */
  open(): Promise<Readable>;
}

/** Answers with a file that is read as it is sent; a reader that stalls is dropped. */
export async function respondWithFile(
  c: Context<AppEnv>,
  { slots, tenantId, headers, open }: FileStreamOptions,
): Promise<Response> {
  if (c.req.method === 'HEAD') return c.body(null, 200, headers);
  const slot = await slots.take(tenantId);
  const file = await open().catch((error: unknown) => {
    slot.release();
    throw error;
  });
  const idle = watchIdle(slots.idleMs, () => dropConnection(c));
  const onClose = () => {
    idle.stop();
    slot.release();
  };
  if (file.closed) onClose();
  else file.once('close', onClose);
  // What broke before it was handed over tells no reader any more, and would be read as an empty file.
  file.on('error', () => undefined);
  if (file.errored) throw file.errored;
  file.on('data', () => idle.touch());
  file.pause();
  const reader = (Readable.toWeb(file) as ReadableStream<Uint8Array>).getReader();
  const first = reader.read();
  await inTime(first);
  // Until then nobody could take anything.
  idle.touch();
  const body = bodyOf(reader, first, (err) => {
    c.get('log')().warn({ err }, 'a download broke off');
    dropConnection(c);
  });
  return c.body(body, 200, headers);
}

/** Waits for the first piece for as long as an answer may; rejects with what the source says instead. */
async function inTime(first: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  const late = pause(FIRST_BYTE_WITHIN_MS, undefined, { signal: over.signal, ref: false });
  late.catch(() => undefined);
  await Promise.race([first, late]).finally(() => over.abort());
}

/**
 * The file, of which the first piece was asked for, as a body. When its source breaks, the connection is dropped, so
 * that the reader sees a broken download and not a short file; the body itself just ends.
 */
function bodyOf(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  first: ReturnType<typeof reader.read>,
  onBroken: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  let asked: typeof first | undefined = first;
  let isCancelled = false;
  return new ReadableStream({
    async pull(controller) {
      try {
        const next = asked ?? reader.read();
        asked = undefined;
        const { done, value } = await next;
        // Who left while it was read is told nothing more.
        if (isCancelled) return;
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        if (isCancelled) return;
        onBroken(error);
        controller.close();
      }
    },
    cancel(reason) {
      isCancelled = true;
      return reader.cancel(reason);
    },
  });
}

/** What reads the body for the socket cancels it when the socket closes. */
function dropConnection(c: Context<AppEnv>): void {
  const bindings = c.env as Partial<HttpBindings> | undefined;
  bindings?.outgoing?.destroy();
}

/** Calls `onIdle` when `idleMs` pass after a touch, or while something is written and none of it taken. */
function watchIdle(idleMs: number, onIdle: () => void) {
  let timer: NodeJS.Timeout | undefined;
  let writing = 0;
  const stop = () => clearTimeout(timer);
  const touch = () => {
    stop();
    timer = setTimeout(onIdle, idleMs).unref();
  };
  return {
    touch,
    stop,
    async during<T>(work: Promise<T>): Promise<T> {
      writing += 1;
      // What is written behind something that nobody takes is no sign of a reader.
      if (writing === 1) touch();
      try {
        return await work;
      } finally {
        writing -= 1;
        if (writing === 0) stop();
        else touch();
      }
    },
  };
}
