import { USE_ACTS } from './acts/acts.ts';
import { STAFF_ACTIONS } from './acts/at-stripe.ts';
import { VERBS } from './history.ts';

/** Everything that happens in histories, in the order in which it is told. */
export const EVERYTHING: readonly string[] = [...VERBS, ...STAFF_ACTIONS, ...USE_ACTS.flat()];

/** In so many histories each act takes effect, or nothing is known of it; a bill is released in one of 150. */
export const ENOUGH = 1_000;

/** How often each took effect, that none ever did among it. */
export class Effects {
  readonly #counts = new Map(EVERYTHING.map((one) => [one, 0]));

  add(effects: readonly string[]): void {
    for (const one of effects) this.#counts.set(one, (this.#counts.get(one) ?? 0) + 1);
  }

  /** What never took effect. */
  get never(): string[] {
    return [...this.#counts].flatMap(([name, n]) => (n === 0 ? [name] : []));
  }

  /** A line an act. */
  get table(): string {
    const width = Math.max(...[...this.#counts.values()].map((n) => String(n).length));
    return [...this.#counts].map(([name, n]) => `${String(n).padStart(width)}  ${name}`).join('\n');
  }
}
