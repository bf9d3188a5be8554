import { setImmediate as turn } from 'node:timers/promises';
import type { Dispatcher } from './deliveries/dispatcher.ts';
import { DueWorkFault } from './due-work-fault.ts';
import { isStateNotWritten } from './errors.ts';
import type { Kernel } from './kernel.ts';
import type { DueRow } from './rows.ts';

/** How long due work may run before requests get their turn, in real milliseconds. */
const sliceMs = 10;

/**
 * Lets time pass: everything due is done one by one in order of due time, the clock standing at that
 * time, and what it made known is delivered before the next is done. So a year in one step is the
 * same as a year in many.
 */
export class Timekeeper {
  #kernel: Kernel;
  #dispatcher: Dispatcher;
  #lock: Promise<unknown> = Promise.resolve();
  #isPassing = false;
  #isClosed = false;
  #timer: NodeJS.Timeout;
  #sliceEndsAt = 0;

  constructor(kernel: Kernel, dispatcher: Dispatcher) {
    this.#kernel = kernel;
    this.#dispatcher = dispatcher;
    kernel.onDue('test_clock.advance', (_ctx, clock) => this.#beginAdvance(clock));
    this.#timer = setInterval(() => void this.catchUp(), 1000);
    this.#timer.unref();
  }

  /**
   * Goes on advancing the test clocks that a kill or a stop interrupted. Schedules nothing: a start
   * takes no number that an id would have had.
   */
  resume(): void {
    for (const id of this.#kernel.clocks.turning(this.#kernel.store)) this.#beginAdvance(id);
  }

  /**
   * Moves the global clock to `target` (unix seconds); resolves when all is done and delivered.
   * Throws `DueWorkFault`, after that, when some of it failed now or since the last time.
   */
  async advanceTo(target: number): Promise<number> {
    await this.#alone(async () => {
      await this.#dispatcher.idle();
      await this.#passUntil(target);
      if (this.#isClosed) return;
      this.#moveClock(target);
      await this.#passUntil(target);
    });
    await this.settled();
    const faults = this.#kernel.takeFaults();
    if (faults.length > 0) throw new DueWorkFault(faults);
    return this.#kernel.now();
  }

  /** Does what is overdue, unless time is being moved already; what cannot be kept waits. */
  async catchUp(): Promise<void> {
    await this.#catchUp().catch(waiting);
  }

  async #catchUp(): Promise<void> {
    if (this.#isPassing) return;
    const next = this.#kernel.due.peek(null);
    if (next === undefined || next.dueAt > this.#kernel.now()) return;
    await this.#alone(() => this.#passUntil(this.#kernel.now()));
  }

  /**
   * The same on behalf of a request, which must not wait for anybody's webhook: stops at the first
   * thing that somebody is to be told of, and leaves the rest to be done meanwhile.
   */
  catchUpBriefly(): void {
    if (this.#isPassing) return;
    const now = this.#kernel.now();
    for (;;) {
      const row = this.#kernel.due.peek(null);
      if (row === undefined || row.dueAt > now) return;
      if (this.#dispatcher.isBusy) break;
      try {
        this.#do(row, row.dueAt);
      } catch (error) {
        return waiting(error);
      }
    }
    void this.catchUp();
  }

  /** Resolves when nothing is due, nothing is under way and every queue of deliveries is empty. */
  async settled(): Promise<void> {
    for (;;) {
      await this.#lock;
      await this.#catchUp();
      await this.#dispatcher.idle();
      const next = this.#kernel.due.peek(null);
      const isDue = next !== undefined && next.dueAt <= this.#kernel.now();
      if (this.#isClosed || (!this.#isPassing && !this.#dispatcher.isBusy && !isDue)) return;
    }
  }

  /** Stops after the thing under way; the rest falls due again after the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#lock;
  }

  async #passUntil(target: number): Promise<void> {
    for (;;) {
      const row = this.#kernel.due.peek(null);
      if (row === undefined || row.dueAt > target || this.#isClosed) return;
      this.#moveClock(row.dueAt);
      this.#do(row, row.dueAt);
      await this.#breathe();
    }
  }

  #beginAdvance(clock: string): void {
    void this.#alone(() => this.#advanceTestClock(clock)).catch((error: unknown) => {
      this.#kernel.log(`test clock ${clock}: ${String(error)}`);
    });
  }

  async #advanceTestClock(id: string): Promise<void> {
    const { store, clocks } = this.#kernel;
    const target = clocks.targetOf(store, id);
    if (target === undefined) return;
    for (;;) {
      if (this.#isClosed) return;
      const row = this.#kernel.due.peek(id);
      if (row === undefined || row.dueAt > target || !this.#turn(id, row.dueAt)) break;
      if (!this.#do(row, this.#kernel.now())) {
        this.#kernel.run((ctx) => clocks.fail(ctx, id));
        return;
      }
      await this.#breathe();
    }
    this.#kernel.run((ctx) => clocks.arrive(ctx, id));
  }

  /** False when the clock was deleted while it advanced. */
  #turn(id: string, to: number): boolean {
    const { store, clocks } = this.#kernel;
    const now = clocks.timeOf(store, id);
    if (now === undefined) return false;
    if (to > now) store.transaction(() => clocks.turn(store, id, to));
    return true;
  }

  /**
   * Work that fails is a bug of ours: it is told and dropped, so that time can go on. False then.
   * Work whose outcome cannot be kept is none: it stays due, and the error is thrown.
   */
  #do(row: DueRow, globalNow: number): boolean {
    const { store } = this.#kernel;
    try {
      const origin = { request: null, clock: row.clock, now: row.dueAt, globalNow };
      this.#kernel.runAt(origin, (ctx) => {
        store.remove('_due', row.id);
        this.#kernel.dueHandler(row.kind)(ctx, row.objectId);
      });
      return true;
    } catch (error) {
      if (isStateNotWritten(error)) throw error;
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#kernel.noteFault(`${row.id}: ${text}`);
      store.transaction(() => store.remove('_due', row.id));
      return false;
    }
  }

  async #breathe(): Promise<void> {
    if (this.#dispatcher.isBusy) await this.#dispatcher.idle();
    else if (Date.now() >= this.#sliceEndsAt) {
      await turn();
      this.#sliceEndsAt = Date.now() + sliceMs;
    }
  }

  #moveClock(to: number): void {
    if (to > this.#kernel.now()) this.#kernel.clock.moveTo(new Date(to * 1000));
  }

  async #alone(work: () => Promise<void>): Promise<void> {
    const before = this.#lock;
    const mine = (async () => {
      await before.catch(() => {});
      this.#isPassing = true;
      try {
        await work();
      } finally {
        this.#isPassing = false;
      }
    })();
    this.#lock = mine.catch(() => {});
    await mine;
  }
}

/** The journal has told that there is no room; what is due is tried again each second. */
function waiting(error: unknown): void {
  if (!isStateNotWritten(error)) throw error;
}
