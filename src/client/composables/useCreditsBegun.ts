import { ref, watch, type Ref } from 'vue';
import type { QuoteView } from '../../domain/billing/usage/quote.ts';
import { useSessionStore } from '../stores/session.ts';

const PREFIX = 'squaretable.credits-begun.';

/** True from when messages begin to use credits: once a month and person, for as long as the page is open. */
export function useCreditsBegun(
  quote: Ref<QuoteView | null>,
  now = () => new Date(),
): Ref<boolean> {
  const session = useSessionStore();
  const begun = ref(false);
  watch(quote, (seen) => {
    if (seen === null || seen.from === 'plan') return;
    const key = PREFIX + (session.user?.id ?? '');
    const month = now().toISOString().slice(0, 7);
    if (read(key) === month) return;
    write(key, month);
    begun.value = true;
  });
  return begun;
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Storage may be refused: then it is told again.
  }
}
