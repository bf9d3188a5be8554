import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import net, { type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { BillingError } from '../domain/errors.ts';

/** A connection this young may be one whose first request is still on its way. */
const FRESH_MS = 1_000;

/** Who knocks just before the socket is shut is waited for so long, and a turn this short has nobody in it. */
const KNOCKS_MS = 1_000;
const TURN_MS = 0.5;

/** What was cut gets this long to say so, and to write what it used. */
const LAST_WORDS_MS = 2_000;

export interface DrainTimes {
  /** How long everything is still served after a stop was asked for. */
  pauseSeconds: number;
  /** How long answers under way may then go on. */
  graceSeconds: number;
}

/** Told to whom a process that leaves refuses or cuts: 503 `busy`. */
export class ShuttingDown extends BillingError {
  constructor() {
    super('busy', 'The server is restarting; try again in a moment.', { retryAfterSeconds: 1 });
  }
}

/**
 * How a process leaves without losing a request. Each stage is a signal:
 *
 * 1. `begun`: `/readyz` fails and every answer closes its connection, so that whoever hands out
 *    requests goes elsewhere. Everything is still served, for the pause.
 * 2. `closed`: the listening socket is shut, endless answers end, and what still arrives on kept
 *    connections is refused before anything is counted. What is under way goes on, for the grace:
 *    answers, and the work behind them, whose client may have hung up.
 * 3. `over`: what still runs is cut.
 */
export class Drain {
  readonly #begun = new AbortController();
  readonly #closed = new AbortController();
  readonly #over = new AbortController();
  readonly #hurry = new AbortController();
  /**
   * By connection, the answers that it waits for. Not a set of all answers: with each of them that set's table is
   * written anew before long, and an old table refers to the next and to what it held, so that once one of them is
   * old, every request after it outlives the collections of young objects.
   */
  readonly #connections = new Map<Socket, ServerResponse[]>();
  #answers = 0;
  #works = 0;
  /** Connections without a request so far, and since when. */
  readonly #fresh = new Map<Socket, number>();
  #knocks = 0;
  readonly #refused = new WeakSet<IncomingMessage>();
  #whenChanged = () => {};

  get begun(): AbortSignal {
    return this.#begun.signal;
  }

  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Answers that are still to be sent, to clients who are still there. */
  get answers(): number {
    return this.#answers;
  }

  /** What was handed to `during` and has not come to its end. */
  get works(): number {
    return this.#works;
  }

  /**
   * Has the process wait for `work` before it goes, whether somebody waits for its answer or not:
   * what it needs (jobs, database, Stripe) ends later. Hands it back.
   */
  during<W extends Promise<unknown>>(work: W): W {
    this.#works += 1;
    work.then(this.#workEnded, this.#workEnded);
    return work;
  }

  /** One for all works, as each request is one. */
  readonly #workEnded = (): void => {
    this.#works -= 1;
    this.#whenChanged();
  };

  /** Whether the request came on a kept connection after the socket was shut. */
  refuses(request: IncomingMessage | undefined): boolean {
    return request !== undefined && this.#refused.has(request);
  }

  /** Watches the connections and answers of `server`, before anything else sees them. */
  watch(server: Server): void {
    server.on('connection', (socket: Socket) => {
      this.#knocks += 1;
      this.#fresh.set(socket, performance.now());
      this.#connections.set(socket, []);
      socket.once('close', () => {
        this.#connections.delete(socket);
        this.#forget(socket);
      });
    });
    server.prependListener('request', (request, response) => {
      if (this.#closed.signal.aborted && !this.#fresh.has(request.socket)) {
        this.#refused.add(request);
      }
      if (this.#begun.signal.aborted) response.setHeader('Connection', 'close');
      const { socket } = request;
      this.#answers += 1;
      this.#connections.get(socket)?.push(response);
      response.on('close', () => this.#answered(response, socket));
      this.#forget(socket);
    });
  }

  /**
   * Goes through the stages; resolves when nothing is connected and nothing under way any more, or
   * the grace is over. Called once.
   */
  async stop(server: Server, { pauseSeconds, graceSeconds }: DrainTimes): Promise<void> {
    this.#begun.abort();
    // One whose head has gone keeps its connection; the next answer on that one closes it.
    for (const response of [...this.#connections.values()].flat()) {
      if (!response.headersSent) response.setHeader('Connection', 'close');
    }
    await this.#wait(pauseSeconds * 1000);
    // A proxy sees it, and does not send its next request to somebody who refuses. What was asked in the pause was
    // closed with its answer, but for answers whose head had gone before.
    if (pauseSeconds > 0) {
      for (const [socket, answers] of this.#connections) {
        if (answers.length === 0 && !this.#fresh.has(socket)) socket.destroy();
      }
    }
    await this.#untilNobodyKnocks();
    this.#shut(server);
    await this.#wait(graceSeconds * 1000, () => this.#isQuiet());
    this.#over.abort(new ShuttingDown());
    await this.#wait(LAST_WORDS_MS, () => this.#answers === 0 && this.#works === 0);
    server.closeAllConnections();
    server.close();
  }

  /** Ends the pause and the grace at once: for who asks a second time. */
  hurry(): void {
    this.#hurry.abort();
  }

  /**
   * Lets in who has knocked by now, for what waits at a socket that is shut is reset: until a turn of the
   * event loop in which nobody came and hardly anything else was done, or it has been tried for long enough.
   */
  async #untilNobodyKnocks(): Promise<void> {
    const end = performance.now() + KNOCKS_MS;
    let isQuiet = false;
    while (!isQuiet && performance.now() < end) {
      const [knocks, since] = [this.#knocks, performance.now()];
      await setImmediate();
      isQuiet = this.#knocks === knocks && performance.now() - since < TURN_MS;
    }
  }

  /** Not the HTTP server's own `close`, which cuts idle connections whose next request is on its way. */
  #shut(server: Server): void {
    net.Server.prototype.close.call(server);
    const now = performance.now();
    for (const [socket, since] of this.#fresh) {
      if (now - since > FRESH_MS) this.#fresh.delete(socket);
    }
    setTimeout(() => {
      this.#fresh.clear();
      this.#whenChanged();
    }, FRESH_MS).unref();
    this.#closed.abort();
  }

  #isQuiet(): boolean {
    return this.#answers === 0 && this.#works === 0 && this.#fresh.size === 0;
  }

  #forget(socket: Socket): void {
    if (this.#fresh.delete(socket)) this.#whenChanged();
  }

  #answered(response: ServerResponse, socket: Socket): void {
    this.#answers -= 1;
    const answers = this.#connections.get(socket);
    answers?.splice(answers.indexOf(response), 1);
    // Its head may have promised to keep the connection, before that was of no use any more.
    if (this.#closed.signal.aborted) socket.end();
    this.#whenChanged();
  }

  /** Waits until the time is over, `isDone`, or somebody is in a hurry. */
  #wait(milliseconds: number, isDone?: () => boolean): Promise<void> {
    const hurry = this.#hurry.signal;
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        hurry.removeEventListener('abort', end);
        this.#whenChanged = () => {};
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      hurry.addEventListener('abort', end);
      this.#whenChanged = () => {
        if (isDone?.()) end();
      };
      if (isDone) this.#whenChanged();
      else if (milliseconds === 0 || hurry.aborted) end();
    });
  }
}
