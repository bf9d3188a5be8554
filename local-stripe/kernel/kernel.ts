import type { MovableClock } from './clock.ts';
import { unixSeconds } from './clock.ts';
import { CallLog } from './call-log.ts';
import { makeContext } from './context.ts';
import type { DeferredWork, Origin } from './context.ts';
import { DueQueue } from './due-queue.ts';
import { StripeError } from './errors.ts';
import { forgetOldEvents } from './events.ts';
import { formatId } from './ids.ts';
import type { Kind } from './kinds.ts';
import type { ClockRegistry, Receivers } from './ports.ts';
import { Store } from './store.ts';
import type { Indexes } from './store.ts';
import type { Context, DueHandler, RequestOrigin, Resource, SelfCheck } from './types.ts';

export interface KernelOptions {
  resources: Resource<never>[];
  clocks: ClockRegistry;
  endpoints: Receivers;
  clock: MovableClock;
  /** Makes the ids; equal seeds and stories make equal ids. */
  seed: string;
  baseUrl: string;
  /** How pages and invoices call whoever sells; default `Test shop`. */
  businessName?: string;
  /** What that name and those of products are on Chinese pages. */
  chineseNames?: Readonly<Record<string, string>>;
  /** Freezes what is stored, to catch whoever changes it in place. */
  freezesObjects: boolean;
  /** Told about what nobody is there to hear: bugs in due work, deliveries that fail. */
  log: (message: string) => void;
  /** What an unknown path belongs to that is left out on purpose; null where nothing is known. */
  refusedArea?: (path: string) => string | null;
  /** Looks at every answer and event before it leaves; for tests. */
  check?: SelfCheck;
}

type Follower = (ctx: Context, told: unknown) => void;

/** The state of one local Stripe, and the only way to change it: `run`. */
export class Kernel {
  readonly store: Store;
  readonly due: DueQueue;
  readonly calls = new CallLog();
  readonly resources: Resource[];
  readonly clocks: ClockRegistry;
  readonly endpoints: Receivers;
  readonly clock: MovableClock;
  readonly log: (message: string) => void;
  readonly check: SelfCheck | null;
  readonly refusedArea: (path: string) => string | null;
  seed: string;
  readonly businessName: string;
  readonly chineseNames: Readonly<Record<string, string>>;
  baseUrl: string;
  #byObject: Map<string, Resource>;
  #dueHandlers = new Map<string, DueHandler>();
  #followers = new Map<string, Follower>();
  #sequence = 0;
  #requests = 0;
  #faults: string[] = [];
  #run = crypto.randomUUID();

  constructor(options: KernelOptions) {
    this.resources = options.resources as unknown as Resource[];
    this.clocks = options.clocks;
    this.endpoints = options.endpoints;
    this.clock = options.clock;
    this.seed = options.seed;
    this.baseUrl = options.baseUrl;
    this.businessName = options.businessName ?? 'Test shop';
    this.chineseNames = options.chineseNames ?? {};
    this.log = options.log;
    this.check = options.check ?? null;
    this.refusedArea = options.refusedArea ?? (() => null);
    this.#byObject = new Map(this.resources.map((resource) => [resource.kind as string, resource]));
    this.store = new Store(indexesOf(this.resources), options.freezesObjects);
    this.due = new DueQueue(this.store);
    for (const { due, follows = {} } of this.resources) {
      for (const [kind, handler] of Object.entries(due)) this.#dueHandlers.set(kind, handler);
      for (const [happening, follower] of Object.entries(follows)) {
        this.#followers.set(happening, follower as Follower);
      }
    }
  }

  /** Notes that due work failed, for whoever turns the clock next. */
  noteFault(fault: string): void {
    this.log(fault);
    this.#faults.push(fault);
  }

  /** The faults since they were last taken. */
  takeFaults(): string[] {
    return this.#faults.splice(0);
  }

  resourceOf = (object: string): Resource | undefined => this.#byObject.get(object);

  /** Registers work that falls due and belongs to no resource. */
  onDue(kind: string, handler: DueHandler): void {
    this.#dueHandlers.set(kind, handler);
  }

  dueHandler(kind: string): DueHandler {
    const handler = this.#dueHandlers.get(kind);
    if (handler === undefined) throw new Error(`nobody handles due work of kind ${kind}`);
    return handler;
  }

  followerOf(happening: string): Follower {
    const follower = this.#followers.get(happening);
    if (follower === undefined) throw new Error(`nobody follows ${happening}`);
    return follower;
  }

  /** Numbers ids and due rows in the order they come; never goes back, also when undone. */
  nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  /** Counted apart, so that looking at something does not change the ids of what comes later. */
  newRequestId(): string {
    this.#requests += 1;
    return formatId('req', this.#run, this.#requests);
  }

  get sequence(): number {
    return this.#sequence;
  }

  set sequence(value: number) {
    this.#sequence = value;
  }

  now(): number {
    return unixSeconds(this.clock);
  }

  /**
   * One transaction: everything `work` does, or nothing when it throws (but see
   * `StripeError.keepsChanges`). Without `request` it is nobody's: a page, the control panel.
   */
  run<T>(work: (ctx: Context) => T, request: RequestOrigin | null = null): T {
    const now = this.now();
    return this.runAt({ request, clock: null, now, globalNow: now }, work);
  }

  /**
   * One transaction, and with it, undone or not, what `record` makes of its outcome: so that a kill
   * cannot come between a request and its saved answer.
   */
  runRecorded<T>(
    work: (ctx: Context) => T,
    request: RequestOrigin,
    record: (outcome: { value: T } | { error: unknown }) => void,
  ): void {
    this.store.transaction(() => {
      let outcome: { value: T } | { error: unknown };
      try {
        outcome = { value: this.run(work, request) };
      } catch (error) {
        outcome = { error };
      }
      record(outcome);
    });
  }

  runAt<T>(origin: Origin, work: (ctx: Context) => T): T {
    const keepsChanges = (error: unknown) => error instanceof StripeError && error.keepsChanges;
    const deferred: DeferredWork = new Map();
    const ctx = makeContext(this, origin, deferred);
    // Apart from the work: what time has taken stays gone when the work is undone.
    this.store.transaction(() => forgetOldEvents(ctx));
    return this.store.transaction(() => {
      try {
        const result = work(ctx);
        runDeferred(deferred);
        return result;
      } catch (error) {
        if (keepsChanges(error)) runDeferred(deferred);
        throw error;
      }
    }, keepsChanges);
  }

  /** Empties everything. Ids go on where they were, so that none comes twice. */
  reset(): void {
    this.store.clear();
    this.due.rebuild();
    this.calls.clear();
  }
}

function runDeferred(deferred: DeferredWork): void {
  const orders = new Set([...deferred.values()].map(({ order }) => order).sort((a, b) => a - b));
  for (const order of orders) {
    for (const task of [...deferred.values()]) if (task.order === order) task.work();
  }
}

function indexesOf(resources: Resource[]): Indexes {
  const indexes: Record<string, unknown> = {
    _delivery: {
      event: (row: { event: string }) => row.event,
      endpoint: (row: { endpoint: string }) => row.endpoint,
      ...Object.assign({}, ...resources.map(({ deliveries }) => deliveries)),
    },
  };
  for (const resource of resources) indexes[resource.kind as Kind] = resource.indexes;
  return indexes as Indexes;
}
