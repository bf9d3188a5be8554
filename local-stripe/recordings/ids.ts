/** `cus_TOnPWZP5qSvsBd`, `in_1SRzod…`, `cs_test_a1pq…`: a known prefix is not asked for. */
const idPattern = /\b[a-z]{2,8}(?:_(?:test|live))?_[A-Za-z0-9]{8,}\b/g;
const wholeId = /^[a-z]{2,8}(?:_(?:test|live))?_[A-Za-z0-9]{8,}$/;

export const looksLikeId = (text: string): boolean => wholeId.test(text) && /\d|[A-Z]/.test(text);

export const prefixOf = (id: string): string => id.slice(0, id.lastIndexOf('_'));

/** Which id of ours stands for which recorded one. Each stands for one only, in both directions. */
export class Ids {
  #ours = new Map<string, string>();
  #recorded = new Map<string, string>();

  has(recorded: string): boolean {
    return this.#ours.has(recorded);
  }

  ours(recorded: string): string | undefined {
    return this.#ours.get(recorded);
  }

  learn(recorded: string, ours: string): void {
    this.#ours.set(recorded, ours);
    this.#recorded.set(ours, recorded);
  }

  /**
   * Whether the two stand for the same. Two that were never seen are taken to, when their prefixes
   * are the same, and do from then on.
   */
  agree(recorded: string, ours: string): boolean {
    const known = this.#ours.get(recorded);
    if (known !== undefined) return known === ours;
    if (this.#recorded.has(ours)) return this.#recorded.get(ours) === recorded;
    if (!looksLikeId(recorded) || !looksLikeId(ours)) return false;
    if (prefixOf(recorded) !== prefixOf(ours)) return false;
    this.learn(recorded, ours);
    return true;
  }

  /** The text with every recorded id in it replaced by ours, where one is known. */
  translate(text: string): string {
    return this.#ours.get(text) ?? text.replace(idPattern, (id) => this.#ours.get(id) ?? id);
  }
}
