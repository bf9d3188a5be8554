/**
 * A reading that all share who ask while it is under way. Once it is outdated, whoever asks has another
 * begun, and what the one under way finds is not kept.
 */
export class SharedReading<T> {
  #reading: Promise<T> | undefined;

  /** `read` is told how to see, when it has read, whether that may be kept. */
  share(read: (isCurrent: () => boolean) => Promise<T>): Promise<T> {
    if (this.#reading) return this.#reading;
    const isCurrent = () => this.#reading === reading;
    // In a turn of its own, so that the first question of `isCurrent` finds it.
    const reading: Promise<T> = Promise.resolve()
      .then(() => read(isCurrent))
      .finally(() => {
        if (isCurrent()) this.#reading = undefined;
      });
    this.#reading = reading;
    return reading;
  }

  /** Whether who asks now shares what was begun before. */
  get isUnderWay(): boolean {
    return this.#reading !== undefined;
  }

  /** Something changed: what was asked for before does not know of it. */
  outdate(): void {
    this.#reading = undefined;
  }
}
