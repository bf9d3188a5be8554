import { BillingError } from '../../../domain/errors.ts';

/**
 * Hashes under way at once. They share Node's four worker threads with DNS, files and the crypto
 * of database connections: a crowd of sign-ups that took all four would keep those waiting until
 * they time out.
 */
const AT_ONCE = 2;

/** How many may wait in one line, and in all lines of those who were here before, and of strangers. */
const LINE_MAX = 100;
const WAITING_MAX = 2_000;

/** Whether somebody is signed in, or has signed in to their account from where they are. */
export type CallerKind = 'known' | 'stranger';

/**
 * Does work a few at a time, and takes turns between the lines in which it waits: a crowd from one
 * address waits for itself, not before everybody else. While both wait, every second turn is of those who are
 * known: a crowd from thousands of addresses does not stand before them either. 429 `rate_limited` when a
 * line is too long, 503 `busy` when too many wait in all.
 */
export class FairQueue {
  private running = 0;
  private readonly lines = { known: new Lines(), stranger: new Lines() };
  private served: CallerKind = 'stranger';

  async run<T>(line: string, work: () => Promise<T>, who: CallerKind = 'stranger'): Promise<T> {
    if (this.running >= AT_ONCE) await this.lines[who].wait(line);
    else this.running += 1;
    try {
      return await work();
    } finally {
      // The place goes straight to the next in turn, so nobody can slip in between.
      const next = this.next();
      if (next) next();
      else this.running -= 1;
    }
  }

  private next(): (() => void) | undefined {
    const other = this.served === 'known' ? 'stranger' : 'known';
    for (const who of [other, this.served] as const) {
      const next = this.lines[who].next();
      if (!next) continue;
      this.served = who;
      return next;
    }
    return undefined;
  }
}

/** Lines that are served in turn. */
class Lines {
  private waiting = 0;
  /** In the order of their turns; a line that is served goes to the end. */
  private readonly lines = new Map<string, (() => void)[]>();

  wait(line: string): Promise<void> {
    const queue = this.lines.get(line) ?? [];
    if (queue.length >= LINE_MAX) {
      throw new BillingError(
        'rate_limited',
        'Too many people sign in from your address at once; try again in a moment.',
        { retryAfterSeconds: 5 },
      );
    }
    if (this.waiting >= WAITING_MAX) {
      throw new BillingError('busy', 'Too many people are signing in; try again in a moment.', {
        retryAfterSeconds: 10,
      });
    }
    this.waiting += 1;
    this.lines.set(line, queue);
    return new Promise((resolve) => queue.push(resolve));
  }

  next(): (() => void) | undefined {
    const [first] = this.lines;
    if (!first) return undefined;
    const [line, queue] = first;
    this.waiting -= 1;
    this.lines.delete(line);
    const resolve = queue.shift();
    if (queue.length > 0) this.lines.set(line, queue);
    return resolve;
  }
}
