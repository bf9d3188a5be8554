import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import { isStateNotWritten } from '../errors.ts';
import { addDelivery } from '../events.ts';
import { randomText } from '../ids.ts';
import type { Kernel } from '../kernel.ts';
import type { DeliveryRow } from '../rows.ts';
import { readSettings } from '../settings.ts';
import type { Change } from '../store.ts';
import { sendEvent } from './send.ts';
import type { SendResult } from './send.ts';

/** How long to wait before what could not be kept is written again. */
const tryAgainMs = 1000;

const minute = 60;
const hour = 3600;
/** Seconds after each failed attempt until the next: three days in all, as in live mode. */
const retryDelays = [
  minute,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  12 * hour,
  18 * hour,
  24 * hour,
];

/**
 * Brings events to endpoints: one queue an endpoint, in order unless the chaos settings say
 * otherwise, at least once. Rows are in the store, so what was not delivered when the process was
 * killed is delivered after the start.
 */
export class Dispatcher {
  #kernel: Kernel;
  #queues = new Map<string, string[]>();
  #working = new Set<Promise<void>>();
  #closing = new AbortController();
  #stuck = newStuck();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    kernel.store.onCommit((changes) => this.#takeUp(changes));
    kernel.onDue('delivery', (_ctx, id) => this.#enqueue(id));
  }

  get isBusy(): boolean {
    return this.#working.size > 0;
  }

  /**
   * Resolves when every queue is empty. Retries that are not due yet are not waited for. Rejects when
   * what became of a delivery cannot be kept: nobody knows when there will be room.
   */
  async idle(): Promise<void> {
    while (this.#working.size > 0) {
      await Promise.race([Promise.all(this.#working), this.#stuck.promise]);
    }
  }

  /** Takes up what was pending when the state was saved. */
  resume(): void {
    for (const row of this.#kernel.store.oldestFirst('_delivery')) {
      const isRetry = this.#kernel.store.find('_due', `delivery:${row.id}`) !== undefined;
      if (row.status === 'pending' && !isRetry) this.#enqueue(row.id);
    }
  }

  /** Delivers the event of a delivery once more, whatever became of it. */
  resend(deliveryId: string): DeliveryRow | null {
    return this.#kernel.run((ctx) => {
      const row = ctx.store.find('_delivery', deliveryId);
      const event = row && ctx.store.find('_event', row.event);
      return event === undefined ? null : addDelivery(ctx, event.body, row!.endpoint);
    });
  }

  /** Breaks off what is under way: it stays pending, and is delivered after the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#queues.clear();
    while (this.#working.size > 0) await Promise.all(this.#working);
  }

  #takeUp(changes: Change[]): void {
    for (const { kind, value } of changes) {
      if (kind !== '_delivery' || value === null) continue;
      const row = value as DeliveryRow;
      if (row.status === 'pending' && row.attempts.length === 0) this.#enqueue(row.id);
    }
  }

  #enqueue(id: string): void {
    const row = this.#kernel.store.find('_delivery', id);
    if (row === undefined || this.#closing.signal.aborted) return;
    const { duplicate } = readSettings(this.#kernel.store).chaos;
    const copies = this.#chance('duplicate', row) < duplicate ? [id, id] : [id];
    const queue = this.#queues.get(row.endpoint);
    if (queue !== undefined) {
      queue.push(...copies);
      return;
    }
    this.#queues.set(row.endpoint, copies);
    const work = this.#workOff(row.endpoint).finally(() => this.#working.delete(work));
    this.#working.add(work);
  }

  async #workOff(endpoint: string): Promise<void> {
    // Let the transaction that queued this finish, and its request be answered, first.
    await turn();
    for (;;) {
      const queue = this.#queues.get(endpoint);
      if (queue === undefined || queue.length === 0) break;
      const { shuffle, delayMs } = readSettings(this.#kernel.store).chaos;
      const id = takeNext(queue, shuffle, (of) => this.#chanceOf(of));
      if (delayMs > 0) await wait(delayMs);
      await this.#attempt(id);
    }
    this.#queues.delete(endpoint);
  }

  async #attempt(id: string): Promise<void> {
    const { store } = this.#kernel;
    const row = store.find('_delivery', id);
    const event = row && store.find('_event', row.event);
    const endpoint = row && this.#kernel.endpoints.find(store, row.endpoint);
    if (row === undefined || event === undefined) return;
    if (endpoint === undefined) {
      return this.#untilKept(() => this.#settle({ ...row, status: 'failed', nextAttemptAt: null }));
    }
    if (this.#chance('drop', row) < readSettings(store).chaos.drop) {
      return this.#untilKept(() =>
        this.#settle({ ...row, status: 'dropped', nextAttemptAt: null }),
      );
    }
    const body = {
      ...event.body,
      api_version: endpoint.apiVersion ?? event.body.api_version,
      pending_webhooks: store.by('_delivery', 'event', event.id).filter(isPending).length,
    };
    const result = await sendEvent(endpoint.url, endpoint.secret, body, this.#closing.signal);
    await this.#untilKept(() => this.#record(id, result));
  }

  /** While the disk is full the queue waits, rather than deliver over and over what it cannot note. */
  async #untilKept(write: () => void): Promise<void> {
    const { signal } = this.#closing;
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      try {
        write();
        if (!isFirst) this.#stuck = newStuck();
        return;
      } catch (error) {
        if (!isStateNotWritten(error)) throw error;
        this.#stuck.reject(error);
        await wait(tryAgainMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  #record(id: string, { status, error, durationMs }: SendResult): void {
    this.#kernel.run((ctx) => {
      const row = ctx.store.find('_delivery', id);
      if (row === undefined) return;
      const attempts = [...row.attempts, { at: ctx.now, status, error, durationMs }];
      const isDelivered = status !== null && status >= 200 && status < 300;
      const delay = retryDelays[attempts.length - 1];
      ctx.unschedule('delivery', id);
      if (isDelivered || row.status === 'delivered') {
        ctx.store.put('_delivery', { ...row, attempts, status: 'delivered', nextAttemptAt: null });
      } else if (delay === undefined) {
        ctx.store.put('_delivery', { ...row, attempts, status: 'failed', nextAttemptAt: null });
      } else {
        ctx.store.put('_delivery', { ...row, attempts, nextAttemptAt: ctx.now + delay });
        ctx.schedule(ctx.now + delay, 'delivery', id);
      }
    });
  }

  #settle(row: DeliveryRow): void {
    this.#kernel.run((ctx) => ctx.store.put('_delivery', row));
  }

  /** 0 to 1, the same for the same delivery in every run of the same story. */
  #chance(what: string, row: DeliveryRow): number {
    return this.#chanceOf(`${what}:${row.id}:${row.attempts.length}`);
  }

  #chanceOf(of: string): number {
    const digits = randomText(`${this.#kernel.seed}:${of}`, 4);
    return (
      ([...digits].reduce((sum, digit) => sum * 128 + digit.charCodeAt(0), 0) % 10_007) / 10_007
    );
  }
}

/** Rejects when a write had no room; nobody need listen. */
function newStuck(): PromiseWithResolvers<never> {
  const stuck = Promise.withResolvers<never>();
  stuck.promise.catch(() => undefined);
  return stuck;
}

function isPending({ status }: DeliveryRow): boolean {
  return status === 'pending';
}

function takeNext(queue: string[], shuffle: number, chanceOf: (of: string) => number): string {
  const first = queue[0]!;
  if (shuffle > 0 && chanceOf(`shuffle:${first}`) < shuffle) {
    const at = Math.floor(chanceOf(`place:${first}:${queue.length}`) * queue.length);
    return queue.splice(at, 1)[0]!;
  }
  return queue.shift()!;
}
