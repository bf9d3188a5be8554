import type { ChatMessage } from './provider.ts';

/** Counts tokens as the models of the o200k family do. */
export interface TokenCounter {
  countText(text: string): number;
  countMessages(messages: ChatMessage[]): number;
}

/**
 * Runs that the tokenizer takes in one piece. Its time grows with the square of such a piece, so
 * longer ones are cut, at the price of at most one token too many for each cut.
 */
const PIECE_LENGTH = 256;
const ENDLESS_RUN = new RegExp(
  String.raw`[\p{L}\p{M}\p{N}]{${PIECE_LENGTH}}|\s{${PIECE_LENGTH}}|[^\p{L}\p{M}\p{N}\s]{${PIECE_LENGTH}}`,
  'u',
);

/** Role and delimiters of a message, and the opening of the answer: OpenAI's published counts. */
const TOKENS_PER_MESSAGE = 4;
const TOKENS_OF_OPENING = 3;

let loading: Promise<TokenCounter> | undefined;

/** The tokenizer's tables take 0.3 s and 80 MB, so they are read when first needed, once. */
export function loadTokenCounter(): Promise<TokenCounter> {
  return (loading ??= load());
}

async function load(): Promise<TokenCounter> {
  const { countTokens } = await import('gpt-tokenizer/encoding/o200k_base');
  // What looks like a special token in somebody's message is text like any other.
  const count = (text: string) => countTokens(text, { disallowedSpecial: new Set<string>() });
  const countText = (text: string) =>
    ENDLESS_RUN.test(text) ? sum(pieces(text).map(count)) : count(text);
  return {
    countText,
    countMessages: (messages) =>
      sum(messages.map(({ content }) => countText(content) + TOKENS_PER_MESSAGE)) +
      TOKENS_OF_OPENING,
  };
}

function pieces(text: string): string[] {
  const characters = [...text];
  return Array.from({ length: Math.ceil(characters.length / PIECE_LENGTH) }, (_, i) =>
    characters.slice(i * PIECE_LENGTH, (i + 1) * PIECE_LENGTH).join(''),
  );
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
