import { outputWithin, weigh, type Weights } from '../../../domain/billing/usage/rate-card.ts';

/** An answer shorter than this is not worth asking for. */
export const OUTPUT_TOKENS_MIN = 32;

/** What to reserve of `llm_tokens` before a call, in units, and how long its answer may be, in tokens. */
export interface TokenHold {
  amount: number;
  maxTokens: number;
}

/** A call before it is made: its prompt, the longest answer there is, and what the tokens weigh. */
export interface PlannedCall {
  promptTokens: number;
  maxOutputTokens: number;
  weights: Weights;
}

/** Units of the prompt and of an answer of `output` tokens. Nothing counts as read from a cache yet. */
export function unitsOf({ promptTokens, weights }: PlannedCall, output: number): number {
  return weigh({ input: promptTokens, cached: 0, output }, weights);
}

/** Room for the longest answer. */
export function longestHold(call: PlannedCall): TokenHold {
  return { amount: unitsOf(call, call.maxOutputTokens), maxTokens: call.maxOutputTokens };
}

/** The least that a call with such a prompt can do with. */
export function shortestHold(call: PlannedCall): TokenHold {
  const maxTokens = Math.min(OUTPUT_TOKENS_MIN, call.maxOutputTokens);
  return { amount: unitsOf(call, maxTokens), maxTokens };
}

/**
 * The hold of a call: room for the longest answer, or, near the end of the quota, for as long an answer
 * as `remaining` units still allow. `undefined` when not even a short answer fits. So the last units of
 * a month are usable, and the limit holds all the same.
 */
export function holdWithin(call: PlannedCall, remaining: number | null): TokenHold | undefined {
  if (remaining === null) return longestHold(call);
  const room = outputWithin(remaining, call.promptTokens, call.weights);
  const maxTokens = Math.min(call.maxOutputTokens, room);
  if (maxTokens < shortestHold(call).maxTokens) return undefined;
  return { amount: unitsOf(call, maxTokens), maxTokens };
}
