import type { Store } from './store.ts';
import type { Context } from './types.ts';

/** Clocks of their own, beside the global one. Whose objects they are, the room above knows. */
export interface ClockRegistry {
  /** Unix seconds; undefined where there is no such clock any more. */
  timeOf(store: Store, clock: string): number | undefined;
  /** Where it is being turned to; undefined where it stands still. */
  targetOf(store: Store, clock: string): number | undefined;
  /** Those that are being turned. */
  turning(store: Store): string[];
  /** On its way it has come to `to`. */
  turn(store: Store, clock: string, to: number): void;
  /** It has reached its target, and stands still from now on. */
  arrive(ctx: Context, clock: string): void;
  /** It cannot go on: something that fell due on it failed. */
  fail(ctx: Context, clock: string): void;
}

/** Somebody who is told of events, over HTTP. */
export interface Receiver {
  id: string;
  url: string;
  /** Signs what is sent. */
  secret: string;
  /** In which version events are told; null: in ours. */
  apiVersion: string | null;
  wants(type: string): boolean;
}

/** Who is told of events now. */
export interface Receivers {
  all(store: Store): Receiver[];
  find(store: Store, id: string): Receiver | undefined;
}
