import { BillingError } from '../../../../domain/errors.ts';
import type { CompletionEvent, CompletionRequest } from './provider.ts';
import type { TokenCounter } from './tokens.ts';

/** Tokenizers differ, the model's and ours, but not by more: so much above what was asked for is no answer to it. */
const TIMES_ASKED_FOR = 2;

/**
 * Tokens of thoughts, by our count, however short the answer was asked to be: some models do not count
 * them as its length. It is what the longest thinkers allow themselves.
 */
export const THOUGHTS_MAX = 64_000;

/**
 * The same answer, ended where the model writes on far beyond the length that was asked for: some
 * upstreams do not know `max_tokens`. Its text so far is the whole answer then, as of a model that stops
 * there, and the upstream is told. A model that thinks without an end has failed: `upstream_failed`.
 */
export async function* withinLength(
  events: AsyncGenerator<CompletionEvent>,
  { maxTokens }: Pick<CompletionRequest, 'maxTokens'>,
  counter: TokenCounter,
): AsyncGenerator<CompletionEvent> {
  const said = new Length(maxTokens * TIMES_ASKED_FOR, counter);
  const thought = new Length(Math.max(THOUGHTS_MAX, maxTokens * TIMES_ASKED_FOR), counter);
  for await (const event of events) {
    yield event;
    if (event.kind === 'text' && said.passes(event.text)) return;
    if (event.kind === 'reasoning' && thought.passes(event.text)) throw thinksOn();
  }
}

/** How long something has become that comes chunk by chunk. */
class Length {
  private readonly max: number;
  private readonly counter: TokenCounter;
  private text = '';
  /** Counted chunk by chunk a text has more tokens than as a whole, never fewer by much; that is cheap. */
  private tokensAtMost = 0;

  constructor(max: number, counter: TokenCounter) {
    this.max = max;
    this.counter = counter;
  }

  /** Whether it is too long with this chunk. */
  passes(chunk: string): boolean {
    this.text += chunk;
    this.tokensAtMost += this.counter.countText(chunk);
    if (this.tokensAtMost <= this.max) return false;
    this.tokensAtMost = this.counter.countText(this.text);
    return this.tokensAtMost > this.max;
  }
}

const thinksOn = () =>
  new BillingError(
    'upstream_failed',
    'The model thought for too long and did not come to an answer; try again.',
  );
