import { previousAttributes } from './difference.ts';
import { formatId, randomText } from './ids.ts';
import type { Kind, Kinds } from './kinds.ts';
import type { EventType } from './vocabulary.ts';
import type { ClockRegistry } from './ports.ts';
import type { DueQueue } from './due-queue.ts';
import { recordEvent } from './events.ts';
import type { Recorder } from './events.ts';
import type { Store } from './store.ts';
import { readSettings } from './settings.ts';
import type { Context, RequestOrigin } from './types.ts';

/** What a transaction needs of the kernel it runs in. */
export interface KernelServices extends Recorder {
  readonly store: Store;
  readonly due: DueQueue;
  readonly clocks: ClockRegistry;
  readonly seed: string;
  readonly baseUrl: string;
  readonly businessName: string;
  readonly chineseNames: Readonly<Record<string, string>>;
  nextSequence(): number;
  followerOf(happening: string): (ctx: Context, told: unknown) => void;
}

/** Whose transaction it is, on which clock, and when. */
export interface Origin {
  request: RequestOrigin | null;
  clock: string | null;
  now: number;
  globalNow: number;
}

/** What is to be done at the end of the transaction. */
export type DeferredWork = Map<string, { order: number; work: () => void }>;

/**
 * The context of one transaction, on the clock `clock` at `now`. `globalNow` stays what it was when
 * the transaction began, so that one request sees one time.
 */
export function makeContext(
  kernel: KernelServices,
  origin: Origin,
  deferred: DeferredWork,
): Context {
  const { store } = kernel;
  const { request, clock, now, globalNow } = origin;
  const ctx: Context = {
    now,
    globalNow,
    clock,
    store,
    request,
    businessName: kernel.businessName,
    chineseNames: kernel.chineseNames,
    get baseUrl() {
      return kernel.baseUrl;
    },
    get settings() {
      return readSettings(store);
    },
    onClock(other) {
      // What a deleted clock leaves behind goes by the global one.
      const found = other === null ? undefined : kernel.clocks.timeOf(store, other);
      if (found === undefined) other = null;
      if (other === clock) return ctx;
      const at = found ?? globalNow;
      return makeContext(kernel, { request, clock: other, now: at, globalNow }, deferred);
    },
    at: (other) => makeContext(kernel, { request, clock, now: other, globalNow }, deferred),
    newId: (prefix) => formatId(prefix, kernel.seed, kernel.nextSequence()),
    newText: (length) => randomText(`${kernel.seed}:text:${kernel.nextSequence()}`, length),
    newDigits: (length) =>
      randomText(`${kernel.seed}:digits:${kernel.nextSequence()}`, length, '0123456789'),
    emit: (type, object, previous) => recordEvent(kernel, ctx, type, object, previous),
    isHeard: (type) => kernel.endpoints.all(store).some((receiver) => receiver.wants(type)),
    update: <K extends Kind>(
      kind: K,
      before: Kinds[K],
      patch: Partial<Kinds[K]>,
      type?: EventType,
    ) => {
      const after = { ...before, ...patch };
      const previous = previousAttributes(before, after, Object.keys(patch));
      if (previous === null) return before;
      store.put(kind, after);
      if (type !== undefined) ctx.emit(type, after, previous);
      return after;
    },
    schedule(dueAt, kind, objectId) {
      const id = `${kind}:${objectId}`;
      const row = { id, kind, objectId, clock, dueAt, sequence: kernel.nextSequence() };
      store.put('_due', row);
      kernel.due.add(row);
    },
    unschedule: (kind, objectId) => store.remove('_due', `${kind}:${objectId}`),
    dueAt: (kind, objectId) => store.find('_due', `${kind}:${objectId}`)?.dueAt ?? null,
    attempt(work) {
      const before = new Map(deferred);
      try {
        return store.transaction(work);
      } catch (error) {
        deferred.clear();
        for (const [key, task] of before) deferred.set(key, task);
        throw error;
      }
    },
    preview(work) {
      const undo = new Error('undo');
      const result: { value?: ReturnType<typeof work> } = {};
      try {
        ctx.attempt(() => {
          result.value = work();
          throw undo;
        });
      } catch (error) {
        if (error !== undo) throw error;
      }
      return result.value!;
    },
    follow: (happening, told) => kernel.followerOf(happening)(ctx, told),
    atEnd(order, key, task) {
      deferred.set(`${order}:${key}`, { order, work: task });
    },
  };
  return ctx;
}
