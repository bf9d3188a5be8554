import type { CompletionEvent, CompletionRequest } from './provider.ts';
import type { TokenCounter } from './tokens.ts';

/** Tokenizers differ, the model's and ours, but not by more: so much above what was asked for is no answer to it. */
const TIMES_ASKED_FOR = 2;

/**
 * The same answer, ended where the model writes on far beyond the length that was asked for: some
 * upstreams do not know `max_tokens`. Its text so far is the whole answer then, as of a model that stops
 * there, and the upstream is told. Thoughts are not limited by it, for not every model counts them.
 */
export async function* withinLength(
  events: AsyncGenerator<CompletionEvent>,
  { maxTokens }: Pick<CompletionRequest, 'maxTokens'>,
  counter: TokenCounter,
): AsyncGenerator<CompletionEvent> {
  const tokensMax = maxTokens * TIMES_ASKED_FOR;
  let text = '';
  // Counted chunk by chunk a text has more tokens than as a whole, never fewer by much; that is cheap.
  let tokensAtMost = 0;
  for await (const event of events) {
    yield event;
    if (event.kind !== 'text') continue;
    text += event.text;
    tokensAtMost += counter.countText(event.text);
    if (tokensAtMost <= tokensMax) continue;
    tokensAtMost = counter.countText(text);
    if (tokensAtMost > tokensMax) return;
  }
}
