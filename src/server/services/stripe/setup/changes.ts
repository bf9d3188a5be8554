/** Stands for the id of what a dry run did not make. */
export const NOT_MADE = '(not made yet)';

/** What a set-up changes at Stripe: done one by one, or, in a dry run, only written down. */
export class Changes {
  /** Each in words, such as `the product squaretable_pro`. */
  readonly made: string[] = [];
  readonly updated: string[] = [];
  readonly removed: string[] = [];
  readonly #dryRun: boolean;

  constructor(dryRun: boolean) {
    this.#dryRun = dryRun;
  }

  /** Makes it; a dry run answers `instead`. */
  make<T>(what: string, act: () => Promise<NoInfer<T>>, instead: T): Promise<T> {
    this.made.push(what);
    return this.#dryRun ? Promise.resolve(instead) : act();
  }

  async update(what: string, act: () => Promise<unknown>): Promise<void> {
    this.updated.push(what);
    if (!this.#dryRun) await act();
  }

  async remove(what: string, act: () => Promise<unknown>): Promise<void> {
    this.removed.push(what);
    if (!this.#dryRun) await act();
  }
}
