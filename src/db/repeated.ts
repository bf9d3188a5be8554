import { isGivenWay } from './database-error.ts';

const ATTEMPTS_MAX = 10;

/**
 * Runs one transaction again when the server ended it in favour of another: a deadlock, or a conflict
 * of serialization. Nothing of it had happened then.
 */
export async function repeated<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isGivenWay(error) || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}
