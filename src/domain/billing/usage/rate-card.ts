/**
 * What a token of a model weighs. Quotas and credits count *units*; a call's raw counts, the tokens
 * that it read, read from a cache and wrote, make units by the weights of the rate card that was in
 * force when the call began. The ledger keeps raw counts and card, so that any charge can be counted
 * again.
 */
export const TOKEN_KINDS = ['input', 'cached', 'output'] as const;
export type TokenKind = (typeof TOKEN_KINDS)[number];

/** What a call used, in tokens: read anew, read from a cache, and written. No token is in two of them. */
export type RawTokens = Readonly<Record<TokenKind, number>>;

/** Whole millionths of a unit a token, above 0, so that nothing is free; cached at most as input. */
export type Weights = Readonly<Record<TokenKind, number>>;

/** 1 unit a token. */
export const WEIGHT_ONE = 1_000_000;

/** The weights of every model that a card does not name. */
export const ANY_MODEL = '*';

/** A published card never changes; the next one takes its place from an instant on. */
export interface RateCard {
  /** 1, 2, … in the order of publishing. */
  readonly version: number;
  readonly effectiveAt: Date;
  /** By model. */
  readonly weights: Readonly<Record<string, Weights>>;
}

/** By what a call is weighed. */
export interface Rating {
  card: number;
  model: string | null;
  weights: Weights;
}

/** How a charge came about, as the ledger keeps it. */
export interface Rated {
  card: number;
  model: string | null;
  raw: RawTokens;
}

/** The card in force at an instant, of cards in the order of their versions: of those that have begun the last one. */
export function cardAt(cards: readonly RateCard[], instant: Date): RateCard | undefined {
  return cards.findLast(({ effectiveAt }) => effectiveAt <= instant);
}

/** A model's weights: its own, else those of `*`; `undefined` where the card has neither. */
export function weightsOf({ weights }: RateCard, model: string | null): Weights | undefined {
  const own = model !== null && Object.hasOwn(weights, model) ? weights[model] : undefined;
  return own ?? weights[ANY_MODEL];
}

/** Units of a call: the weighed tokens together, rounded up once. */
export function weigh(raw: RawTokens, weights: Weights): number {
  return Number((millionths(raw, weights) + BigInt(WEIGHT_ONE - 1)) / BigInt(WEIGHT_ONE));
}

/** How many tokens may be written, at most, so that these and `input` make no more than `units`. */
export function outputWithin(units: number, input: number, weights: Weights): number {
  const left = BigInt(units) * BigInt(WEIGHT_ONE) - BigInt(input) * BigInt(weights.input);
  return left < 0n ? -1 : Number(left / BigInt(weights.output));
}

function millionths(raw: RawTokens, weights: Weights): bigint {
  return TOKEN_KINDS.reduce((sum, kind) => sum + BigInt(raw[kind]) * BigInt(weights[kind]), 0n);
}
