import type {
  AdmissionMode,
  AdmissionResult,
} from '../../../../db/repositories/usage/admission/admit-all.ts';

/** What was met is more likely to come again: for this many batches it is expected. */
export const MEMORY_BATCHES = 50;
/** A guess that was wrong twice within so many batches was not wrong by chance, as at a day's first calls. */
export const CHANCE_BATCHES = 4;

/** What the next batch of a bucket will be like: as the last ones were. A wrong guess costs a round trip. */
export class Expectation {
  #careful = 0;
  #mixed = 0;
  #drawn = 0;
  #wrong = 0;

  get mode(): AdmissionMode {
    if (this.#careful > 0) return 'careful';
    if (this.#mixed > 0) return 'mixed';
    return this.#drawn > 0 ? 'drawn' : 'whole';
  }

  /** From the answers to a batch for which `expected` was the mode; null where there was no choice. */
  learn(expected: AdmissionMode | null, results: readonly AdmissionResult[]): void {
    this.#careful = Math.max(0, this.#careful - 1);
    this.#mixed = Math.max(0, this.#mixed - 1);
    this.#drawn = Math.max(0, this.#drawn - 1);
    this.#wrong = Math.max(0, this.#wrong - 1);
    let byCall = false;
    let beyond = false;
    for (const result of results) {
      if (result instanceof Error || result.outcome === 'unknown_tenant') continue;
      byCall ||= result.byCall === true;
      if (result.outcome === 'accepted') beyond ||= result.beyond > 0;
      else if (REFUSED.has(result.outcome)) this.#mixed = MEMORY_BATCHES;
      else this.#careful = MEMORY_BATCHES;
    }
    if (beyond) this.#drawn = MEMORY_BATCHES;
    // Members' limits, above all: every call is accepted, and yet no statement for batches takes them.
    if (!byCall || expected === null || expected === 'careful') return;
    if (expected === 'mixed') {
      if (!beyond) this.#mixed = MEMORY_BATCHES;
    } else if (expected === 'drawn' || !beyond) {
      if (this.#wrong > 0) this.#mixed = MEMORY_BATCHES;
      this.#wrong = CHANCE_BATCHES;
    }
  }
}

const REFUSED: ReadonlySet<string> = new Set(['rejected', 'member_limit']);
