/** An answer shorter than this is not worth asking for. */
export const OUTPUT_TOKENS_MIN = 32;

/** What to reserve of `llm_tokens` before a call, and how long its answer may be. */
export interface TokenHold {
  amount: number;
  maxTokens: number;
}

/** The least that a call with such a prompt can do with. */
export function shortestHold(promptTokens: number, maxOutputTokens: number): TokenHold {
  const maxTokens = Math.min(OUTPUT_TOKENS_MIN, maxOutputTokens);
  return { amount: promptTokens + maxTokens, maxTokens };
}

/**
 * The hold of a call whose prompt has `promptTokens`: room for the longest answer, or, near the
 * end of the quota, for as long an answer as `remaining` still allows. `undefined` when not even
 * a short answer fits. So the last tokens of a month are usable, and the limit holds all the same.
 */
export function holdTokens(
  promptTokens: number,
  maxOutputTokens: number,
  remaining: number | null,
): TokenHold | undefined {
  const room = remaining === null ? Infinity : remaining - promptTokens;
  const maxTokens = Math.min(maxOutputTokens, room);
  if (maxTokens < Math.min(OUTPUT_TOKENS_MIN, maxOutputTokens)) return undefined;
  return { amount: promptTokens + maxTokens, maxTokens };
}
