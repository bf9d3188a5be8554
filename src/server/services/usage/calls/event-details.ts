import {
  TOKEN_KINDS,
  type RawTokens,
  type TokenKind,
} from '../../../../domain/billing/usage/rate-card.ts';
import { isUuid } from '../../../../domain/ids.ts';
import { isStorableJson } from '../../../../domain/storable.ts';
import { AMOUNT_MAX, isWholeAmount } from './validation.ts';

/** The optional details of an event: the model, raw token counts, the member who used it, and the character. */
export interface EventDetails {
  model?: string;
  /** Token counts by kind, none of a kind that is left out. Units are made of them by the rate card. */
  raw?: Partial<RawTokens>;
  memberId?: string;
  characterId?: string;
}

export const DETAIL_FIELDS = ['model', 'raw', 'memberId', 'characterId'] as const;

const MODEL_LENGTH_MAX = 200;

/** A sentence about what is wrong with an event's details, or `undefined`. */
export function problemWithDetails(event: Record<string, unknown>): string | undefined {
  const { model, raw, memberId, characterId, amount, resourceType } = event;
  if (model !== undefined && !isModel(model)) {
    return `model must be text of 1 to ${MODEL_LENGTH_MAX} characters.`;
  }
  if (memberId !== undefined && !isUuid(memberId)) return 'memberId must be a UUID.';
  if (characterId !== undefined && !isUuid(characterId)) return 'characterId must be a UUID.';
  if (raw === undefined) return undefined;
  if (resourceType !== 'llm_tokens') return 'raw is of llm_tokens alone.';
  if (!isRaw(raw)) {
    return `raw must have whole numbers from 0 to ${AMOUNT_MAX} of ${TOKEN_KINDS.join(', ')}, and one token at least.`;
  }
  if (amount !== undefined && amount !== tokensOf(raw)) {
    return 'amount, where raw is given, must be the sum of its tokens, or be left out.';
  }
  return undefined;
}

/** All tokens together. */
export const tokensOf = (raw: Partial<RawTokens>) =>
  TOKEN_KINDS.reduce((sum, kind) => sum + (raw[kind] ?? 0), 0);

export const wholeRaw = ({ input = 0, cached = 0, output = 0 }: Partial<RawTokens>): RawTokens => ({
  input,
  cached,
  output,
});

/** The details that are written beside the caller's metadata, under the ledger's names for them. */
export function noteOf({ model, memberId, characterId }: EventDetails): Record<string, unknown> {
  return {
    ...(model === undefined ? {} : { model }),
    ...(memberId === undefined ? {} : { userId: memberId.toLowerCase() }),
    ...(characterId === undefined ? {} : { characterId: characterId.toLowerCase() }),
  };
}

/** The details that an event has; `undefined` when it has none. */
export function detailsOf(event: EventDetails): EventDetails | undefined {
  const said = DETAIL_FIELDS.filter((field) => event[field] !== undefined);
  if (said.length === 0) return undefined;
  return Object.fromEntries(said.map((field) => [field, event[field]]));
}

function isModel(model: unknown): model is string {
  return (
    typeof model === 'string' &&
    model.length >= 1 &&
    model.length <= MODEL_LENGTH_MAX &&
    isStorableJson(model, 1)
  );
}

function isRaw(raw: unknown): raw is Partial<RawTokens> {
  if (raw === null || typeof raw !== 'object' || Array.isArray(raw)) return false;
  const counts = Object.entries(raw);
  const isKnown = ([kind, count]: [string, unknown]) =>
    TOKEN_KINDS.includes(kind as TokenKind) && isWholeAmount(count, 0);
  return counts.every(isKnown) && tokensOf(raw as Partial<RawTokens>) > 0;
}
