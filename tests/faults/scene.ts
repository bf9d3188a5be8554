import { offsetClock, type LocalStripe, type MovableClock } from 'local-stripe';

type Store = LocalStripe['kernel']['store'];
type Kind = ReturnType<Store['kinds']>[number];

/** A world as it was at one moment, to come back to. */
export interface Scene {
  /** The name of a database that nobody uses. */
  database: string;
  held: Held;
  at: Date;
}

/** What a local Stripe holds. Its objects are never changed in place, so they need no copy. */
type Held = { kind: Kind; objects: { id: string }[] }[];

export function holdingsOf({ kernel: { store } }: LocalStripe): Held {
  return store.kinds().map((kind) => ({ kind, objects: [...store.oldestFirst(kind)] }));
}

/** Makes a local Stripe hold that again, and nothing else. */
export function putBack({ kernel }: LocalStripe, held: Held): void {
  kernel.store.clear();
  for (const { kind, objects } of held) {
    for (const one of objects) kernel.store.load(kind, one.id, one);
  }
  kernel.due.rebuild();
}

/** The clock of a world, which calls `onMove` when it is moved; unlike others it can be turned back. */
export class WorldClock implements MovableClock {
  #real = offsetClock();
  readonly #onMove: (instant: Date) => void;

  constructor(onMove: (instant: Date) => void) {
    this.#onMove = onMove;
  }

  now(): Date {
    return this.#real.now();
  }

  moveTo(instant: Date): void {
    this.#real.moveTo(instant);
    this.#onMove(instant);
  }

  /** Back to `instant`, which lies ahead of real time. Does not call `onMove`. */
  turnBackTo(instant: Date): void {
    this.#real = offsetClock();
    this.#real.moveTo(instant);
  }
}
