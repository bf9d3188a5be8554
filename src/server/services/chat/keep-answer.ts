import type { AnswerEvent } from './answer.ts';
import type { Exchange } from './conversation.service.ts';

/** How often an answer that goes on is kept: a process that dies loses no more of it. */
const KEPT_EVERY_MS = 10_000;

/**
 * Hands an answer on and keeps it: from its first text on, and whole before its reader is told that
 * it is done. One that never said anything is not kept, for its question goes back to who asked.
 */
export async function* keepAnswer(
  events: AsyncGenerator<AnswerEvent>,
  exchange: Exchange,
): AsyncGenerator<AnswerEvent> {
  let text = '';
  let state: 'done' | 'stopped' | 'broken' = 'stopped';
  let writing: Promise<void> | undefined;
  let writtenAt = 0;
  const keepWhole = async () => {
    await writing;
    if (text !== '') await exchange.keep({ text, state });
  };
  let isWhole = false;
  try {
    for await (const event of events) {
      if (event.event === 'delta') {
        text += event.data.text;
        if (writing === undefined || performance.now() - writtenAt > KEPT_EVERY_MS) {
          writtenAt = performance.now();
          const soFar = { text, state: 'streaming' as const };
          writing = (writing ?? Promise.resolve()).then(() => exchange.keep(soFar));
        }
      } else {
        state = event.event === 'done' ? 'done' : 'broken';
        await keepWhole();
        isWhole = true;
      }
      yield event;
    }
  } finally {
    // Who hung up is told nothing, and finds what was said all the same.
    if (!isWhole) await keepWhole();
  }
}
