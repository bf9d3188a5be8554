import type { Kind, Kinds } from './kinds.ts';
import type { EventType } from './vocabulary.ts';
import type { DeliveryRow, SettingsRow } from './rows.ts';
import type { Store } from './store.ts';

/** The API request on whose behalf something happens; null when it fell due by itself. */
export interface RequestOrigin {
  id: string;
  idempotencyKey: string | null;
}

/**
 * Everything a handler may touch. Handlers are synchronous: a request is one transaction, undone
 * when it throws. Objects in `store` are frozen; put a changed copy.
 */
export interface Context {
  /** Unix seconds by `clock`. */
  readonly now: number;
  /** Unix seconds by the global clock, whatever `clock` is. */
  readonly globalNow: number;
  /** The test clock that rules here, or null for the global one. */
  readonly clock: string | null;
  readonly store: Store;
  readonly request: RequestOrigin | null;
  /** Where the local Stripe is reached, such as `http://127.0.0.1:12111`: for links to pages. */
  readonly baseUrl: string;
  /** The account's name, as people see it. */
  readonly businessName: string;
  /** What that name and those of products are on Chinese pages. */
  readonly chineseNames: Readonly<Record<string, string>>;
  /** The tester's switches. */
  readonly settings: SettingsRow;

  /** The same, by another clock: use `ctx.onClock(idOrNull(customer.test_clock))`. */
  onClock(clock: string | null): Context;
  /** The same, at another time: for what would happen then (within `preview`). */
  at(now: number): Context;
  /** A fresh id. Equal stories make equal ids. */
  newId(prefix: string): string;
  /** `length` letters and digits, as repeatable as ids: for client secrets and fingerprints. */
  newText(length: number): string;
  /** `length` digits, as repeatable: for what banks and networks number. */
  newDigits(length: number): string;
  /** Records an event about the object as it is now, and delivers it after the transaction. */
  emit(type: EventType, object: object, previousAttributes?: Record<string, unknown>): void;
  /** Whether anybody is told of such events now. */
  isHeard(type: EventType): boolean;
  /**
   * Puts `{...before, ...patch}`, and emits `type` with the `previous_attributes` that differ; with
   * no difference nothing is emitted. Answers the new object.
   */
  update<K extends Kind>(
    kind: K,
    before: Kinds[K],
    patch: Partial<Kinds[K]>,
    type?: EventType,
  ): Kinds[K];
  /**
   * Has the work registered under `kind` done at `dueAt` (unix seconds, by `clock`). One entry per
   * kind and object: scheduling again moves it.
   */
  schedule(dueAt: number, kind: string, objectId: string): void;
  unschedule(kind: string, objectId: string): void;
  /** When that work falls due, or null. */
  dueAt(kind: string, objectId: string): number | null;
  /** Runs `work`; when it throws, its changes alone are undone and the error is thrown on. */
  attempt<T>(work: () => T): T;
  /** Runs `work`, undoes all it did, and answers its result: what would happen if. */
  preview<T>(work: () => T): T;
  /**
   * Tells what has happened, and has it followed at once by whoever stands above: a paid invoice by
   * its subscription, say. So what happens below knows nothing of what follows from it.
   */
  follow<H extends keyof DomainEvents>(happening: H, told: DomainEvents[H]): void;
  /**
   * Runs `work` as the last thing of the transaction, lower orders first; the same key
   * replaces. For what follows from everything that was done, such as entitlements.
   */
  atEnd(order: number, key: string, work: () => void): void;
}

/** Parameters after the schema has checked and coerced them. Null means: unset. */
export type Params = Record<string, unknown>;

/** Path parameters by name, as in `/v1/customers/:customer/balance_transactions/:id`. */
export type PathParams = Record<string, string>;

/** One endpoint. */
export interface Route {
  method: 'GET' | 'POST' | 'DELETE';
  /** Written as in `schema/endpoints.ts`, whose schema checks the parameters. */
  path: string;
  handle(ctx: Context, params: Params, path: PathParams): object;
}

/** What can happen and be followed, with what is told of it; each room adds its own. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface DomainEvents {}

/** What follows from each of the happenings that a resource follows. */
export type Followers = {
  [H in keyof DomainEvents]?: (ctx: Context, told: DomainEvents[H]) => void;
};

/** What the due-queue does for one kind of work. */
export type DueHandler = (ctx: Context, objectId: string) => void;

/** Computes a field that is answered only when asked for by `expand`. */
export type Include = (ctx: Context, object: never) => unknown;

/** What the kernel must know of a resource. `resource()` makes it. */
export interface Resource<K extends Kind = Kind> {
  kind: K;
  /** How errors call it: `No such customer: 'cus_x'`. */
  noun: string;
  routes: Route[];
  /** Dotted path of each reference → the kinds it may point to. Array elements use the same path. */
  references: Record<string, Kind | Kind[]>;
  includes: Record<string, Include>;
  indexes: Record<string, (object: Kinds[K]) => string | readonly string[] | null | undefined>;
  due: Record<string, DueHandler>;
  /** Indexes of its own over the deliveries of events: what finds a delivery, or null. */
  deliveries?: Record<string, (row: DeliveryRow) => string | null>;
  follows?: Followers;
  /** From what is stored to what is answered, where they differ. */
  present?: (ctx: Context, object: Kinds[K]) => object;
}

/** What a server that watches itself calls before it answers or records; throws at a violation. */
export interface SelfCheck {
  response(endpoint: string, body: object): void;
  event(body: object): void;
}
