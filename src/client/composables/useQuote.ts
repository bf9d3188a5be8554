import { watchDebounced } from '@vueuse/core';
import { onScopeDispose, shallowRef, type ShallowRef } from 'vue';
import type { QuoteView } from '../../domain/billing/usage/quote.ts';
import { toProblem, type ApiProblem } from '../services/api-problem.ts';
import { quoteMessage, type ChatRequest } from '../services/chat.api.ts';

export interface Quote {
  /** Of what was last asked; null while nothing is written, and while it is not known. */
  quote: ShallowRef<QuoteView | null>;
  /** Why it has no price. */
  problem: ShallowRef<ApiProblem | null>;
}

/** A pause in writing after which the price is asked. */
const PAUSE_MS = 600;

/** What a message would take, asked when the writer pauses; the last question's answer alone counts. */
export function useQuote(message: () => ChatRequest | null): Quote {
  const quote = shallowRef<QuoteView | null>(null);
  const problem = shallowRef<ApiProblem | null>(null);
  let asking: AbortController | undefined;

  async function ask(wanted: ChatRequest | null): Promise<void> {
    asking?.abort();
    const own = (asking = new AbortController());
    if (wanted === null) {
      quote.value = null;
      problem.value = null;
      return;
    }
    try {
      const answer = await quoteMessage(wanted, own.signal);
      if (own.signal.aborted) return;
      quote.value = answer;
      problem.value = null;
    } catch (thrown) {
      if (own.signal.aborted) return;
      quote.value = null;
      problem.value = toProblem(thrown);
    }
  }

  // Compared as text: the draft is kept as one object that changes in place.
  watchDebounced(
    () => JSON.stringify(message()),
    (text) => void ask(JSON.parse(text) as ChatRequest | null),
    { debounce: PAUSE_MS, immediate: true },
  );
  onScopeDispose(() => asking?.abort());
  return { quote, problem };
}
