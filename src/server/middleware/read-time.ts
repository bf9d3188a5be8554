import { BillingError } from '../../domain/errors.ts';
import type { Step } from './in-one-step.ts';

/**
 * What a read may take in all, however many questions it asks, and of how many servers: each of those has a limit
 * of its own, and a few in a row are longer than anybody waits.
 */
const READ_TIME_MS = 9_500;

/** Answers a read with 503 when it has no answer in time. What it would have said comes to nobody. */
export const answerReadsInTime: Step = (c) => {
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD') return;
  return async (rest) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, READ_TIME_MS, 'late').unref();
    });
    const answer = rest();
    if ((await Promise.race([answer, late]).finally(() => clearTimeout(timer))) !== 'late') return;
    // A file or a stream that opens now is closed: nobody is there to read it to its end.
    answer.then(() => c.res.body?.cancel()).catch(() => undefined);
    throw new BillingError(
      'database_unavailable',
      'What was asked for was not found in time; try again in a few seconds.',
      { retryAfterSeconds: 5 },
    );
  };
};
