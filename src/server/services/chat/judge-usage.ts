import type { RawTokens } from '../../../domain/billing/usage/rate-card.ts';
import type { ReportedUsage, TokenUsage } from './upstream/provider.ts';

/** Whose count a part is: the upstream's report, or ours of what was sent and streamed. */
export type CountedBy = 'upstream' | 'us';

export interface JudgedUsage extends TokenUsage {
  promptCountedBy: CountedBy;
  completionCountedBy: CountedBy;
  /** What was reported and not believed. */
  distrusted: ('prompt' | 'completion')[];
}

type Counted = Pick<TokenUsage, 'promptTokens' | 'completionTokens'>;

/** More than any model reads or writes in one call: a report above it is no count of tokens. */
const TOKENS_MAX = 10_000_000;

/**
 * Tokenizers differ, ours and the model's, but not by so much: a report under this share of our own
 * count was not made of what was sent.
 */
const PLAUSIBLE_SHARE = 0.5;

/**
 * What is charged: the upstream's report, part by part, where it can be true, else our own count. A
 * report whose total is smaller than its parts contradicts itself, and none of it is believed; a part
 * that is smaller than what is told of it (cached of the prompt, thoughts of the answer) is not believed
 * either. A total above its parts is believed; the surplus is output. Of an answer that was cut
 * (`complete` false) the report may lag behind what was streamed, so the larger of both counts.
 */
export function judgeUsage(
  reported: ReportedUsage | undefined,
  counted: Counted,
  complete: boolean,
): JudgedUsage {
  if (reported === undefined) return sum(counted, 'us', 'us', []);
  if (contradictsItself(reported)) return sum(counted, 'us', 'us', ['prompt', 'completion']);
  const { prompt, completion } = partsOf(reported, counted);
  const distrusted: JudgedUsage['distrusted'] = [];
  const judge = (
    part: 'prompt' | 'completion',
    [said, detail]: [said: number | undefined, detail: unknown],
    own: number,
  ) => {
    if (said !== undefined && isPlausible(said, own) && said >= (whole(detail) ?? 0)) {
      return { tokens: said, by: 'upstream' as const };
    }
    if (said !== undefined || isMalformed(reported, part)) distrusted.push(part);
    return { tokens: own, by: 'us' as const };
  };
  const { cachedTokens, reasoningTokens } = reported;
  const input = judge('prompt', [prompt, cachedTokens], counted.promptTokens);
  const output = judge('completion', [completion, reasoningTokens], counted.completionTokens);
  if (!complete && output.tokens < counted.completionTokens) {
    Object.assign(output, { tokens: counted.completionTokens, by: 'us' });
  }
  return sum(
    { promptTokens: input.tokens, completionTokens: output.tokens },
    input.by,
    output.by,
    distrusted,
  );
}

function contradictsItself({
  promptTokens,
  completionTokens,
  totalTokens,
}: ReportedUsage): boolean {
  const parts = (whole(promptTokens) ?? 0) + (whole(completionTokens) ?? 0);
  return typeof totalTokens === 'number' && totalTokens < parts;
}

/** The two parts as the report has them, its total taken into account; undefined where it has none. */
function partsOf(reported: ReportedUsage, counted: Counted) {
  const { promptTokens, completionTokens, totalTokens } = reported;
  const prompt = whole(promptTokens);
  const completion = whole(completionTokens);
  const total = whole(totalTokens);
  if (total === undefined) return { prompt, completion };
  const rest = total - (prompt ?? counted.promptTokens);
  return { prompt, completion: Math.max(completion ?? rest, rest) };
}

const whole = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= TOKENS_MAX
    ? value
    : undefined;

function isPlausible(said: number, own: number): boolean {
  return said >= own * PLAUSIBLE_SHARE;
}

function isMalformed(reported: ReportedUsage, part: 'prompt' | 'completion'): boolean {
  const value = part === 'prompt' ? reported.promptTokens : reported.completionTokens;
  return value !== undefined && value !== null && whole(value) === undefined;
}

function sum(
  { promptTokens, completionTokens }: Counted,
  promptCountedBy: CountedBy,
  completionCountedBy: CountedBy,
  distrusted: JudgedUsage['distrusted'],
): JudgedUsage {
  return {
    promptTokens,
    completionTokens,
    totalTokens: promptTokens + completionTokens,
    promptCountedBy,
    completionCountedBy,
    distrusted,
  };
}

/**
 * The same as what is weighed. What was read from a cache is the upstream's word alone, and none of it
 * is believed where the prompt is our count: then, and without a report, all of the prompt was read anew.
 */
export function rawTokens(
  { promptTokens, completionTokens, promptCountedBy }: JudgedUsage,
  reported: ReportedUsage | undefined,
): { raw: RawTokens; cachedCountedBy: CountedBy } {
  const said = promptCountedBy === 'upstream' ? whole(reported?.cachedTokens) : undefined;
  const isKnown = said !== undefined && said <= promptTokens;
  const cached = isKnown ? said : 0;
  return {
    raw: { input: promptTokens - cached, cached, output: completionTokens },
    cachedCountedBy: isKnown ? 'upstream' : 'us',
  };
}

/** A count that is told beside the others, for the ledger's metadata; left out when it is none. */
export const noted = <Name extends string>(name: Name, value: unknown) =>
  whole(value) === undefined ? {} : ({ [name]: value } as Record<Name, number>);
