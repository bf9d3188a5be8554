import { setTimeout } from 'node:timers/promises';
import type { ApiError, ChatDone } from '../../../domain/api.ts';
import { weigh, type Rating } from '../../../domain/billing/usage/rate-card.ts';
import { BillingError } from '../../../domain/errors.ts';
import type { Logger } from '../../log.ts';
import type { RequestMeter } from '../usage/request-meter.ts';
import { judgeUsage, noted, rawTokens, type JudgedUsage } from './judge-usage.ts';
import type { ChatProvider, CompletionEvent, CompletionRequest } from './upstream/provider.ts';
import type { ReportedUsage } from './upstream/provider.ts';
import type { TokenCounter } from './upstream/tokens.ts';
import { withinLength } from './upstream/within-length.ts';

/** What the client is sent: text as it comes, then how it ended. */
export type AnswerEvent =
  | { event: 'delta'; data: { text: string } }
  | { event: 'done'; data: ChatDone }
  | { event: 'error'; data: Omit<ApiError, 'requestId'> };

export interface AnswerDeps {
  provider: ChatProvider;
  completion: Omit<CompletionRequest, 'signal'>;
  /** By our own count; the upstream's, when it can be true, is the one that is charged. */
  promptTokens: number;
  /** By what it is weighed, to its end: that of the instant at which the call began. */
  rating: Rating;
  /** Who is spoken to, for the ledger. */
  characterId: string | undefined;
  counter: TokenCounter;
  messageId: string;
  meter: RequestMeter;
  log: Logger;
  /** Told of a part of the upstream's report that was not believed. */
  onDistrusted: (part: 'prompt' | 'completion') => void;
  signal: AbortSignal;
}

/** A model that thinks for longer has its answer begun without a word, so that nobody gives it up. */
const FIRST_TEXT_WITHIN_MS = 15_000;

/** How often what is owed by now is written while an answer goes on. */
const PROGRESS_EVERY_MS = 10_000;

/**
 * Calls the upstream and waits a while for the first text, so that one which fails at once is still a
 * plain 502 with nothing charged. Before the call the prompt and one message are written as owed. From
 * the first text on the events own the meter: however they end, by the upstream's last word, its
 * death or the client's hanging up, what was really used is settled once.
 */
export async function beginAnswer(deps: AnswerDeps): Promise<AsyncGenerator<AnswerEvent>> {
  assertListening(deps.signal);
  const prompt = { input: deps.promptTokens, cached: 0, output: 0 };
  await deps.meter.begin({ messages: 1, llm_tokens: weigh(prompt, deps.rating.weights) });
  assertListening(deps.signal);
  const answer = new Answer(deps);
  await answer.waitForText();
  deps.meter.handOver();
  return answer.events();
}

class Answer {
  private readonly deps: AnswerDeps;
  private readonly upstream: AsyncGenerator<CompletionEvent>;
  private readonly first: Promise<string | undefined>;
  private text = '';
  private thought = '';
  private reported: ReportedUsage | undefined;
  private writtenAt = performance.now();

  constructor(deps: AnswerDeps) {
    this.deps = deps;
    const { provider, completion, counter, signal } = deps;
    const said = provider.complete({ ...completion, signal });
    this.upstream = withinLength(said, completion, counter);
    this.first = this.nextText();
    // Whoever waits for it is told; that it fails while nobody does is no error of its own.
    this.first.catch(() => undefined);
  }

  /** Rejects when the answer fails before it began; what is owed of it is settled then. */
  async waitForText(): Promise<void> {
    const enough = new AbortController();
    const options = { signal: enough.signal };
    const later = setTimeout(FIRST_TEXT_WITHIN_MS, undefined, options).catch(() => undefined);
    try {
      await Promise.race([this.first, later]);
    } catch (error) {
      const { signal } = this.deps;
      if (!signal.aborted) throw error;
      const stopped = stopReason(signal);
      if (stopped) throw stopped;
      await this.settleCut();
      throw hungUp();
    } finally {
      enough.abort();
    }
  }

  async *events(): AsyncGenerator<AnswerEvent> {
    let ended = false;
    try {
      for (let text = await this.first; text !== undefined; text = await this.nextText()) {
        yield { event: 'delta', data: { text } };
      }
      ended = true;
      yield { event: 'done', data: await this.settle(true) };
    } catch (error) {
      ended = true;
      const { signal, log, meter } = this.deps;
      const reason = signal.aborted ? stopReason(signal) : error;
      // Our failure, or the upstream's, before it said anything: nothing is owed.
      if (reason && this.text === '') await meter.release();
      else await this.settleCut();
      // A client that hung up is told nothing.
      if (!reason) return;
      log.warn({ err: reason }, 'an answer broke off');
      yield { event: 'error', data: toErrorData(reason) };
    } finally {
      // When nobody reads on, the generator is returned from the outside and gets here alone.
      if (!ended) await this.settleCut();
      await this.upstream.return(undefined).catch(() => undefined);
    }
  }

  private async nextText(): Promise<string | undefined> {
    for (;;) {
      const { done, value } = await this.upstream.next();
      if (done) return undefined;
      if (value.kind === 'usage') this.reported = value.usage;
      else if (value.kind === 'reasoning') this.thought += value.text;
      else this.text += value.text;
      this.noteProgress();
      if (value.kind === 'text') return value.text;
    }
  }

  /** So that what was streamed is counted even if this process does not live to settle it. */
  private noteProgress(): void {
    if (performance.now() - this.writtenAt < PROGRESS_EVERY_MS) return;
    this.writtenAt = performance.now();
    const { raw } = rawTokens(this.used(false), this.reported);
    const units = weigh(raw, this.deps.rating.weights);
    this.deps.meter.progress({ messages: 1, llm_tokens: units });
  }

  /** Of an answer that is cut: its client is gone or is told of something else. */
  private async settleCut(): Promise<void> {
    await this.settle(false).catch((err: unknown) => {
      this.deps.log.warn({ err }, 'what was used of an answer that was cut is not written yet');
    });
  }

  /** Charges what was used. The meter takes the first settlement and lets later ones be. */
  private async settle(complete: boolean): Promise<ChatDone> {
    const { meter, messageId, completion, characterId, onDistrusted, rating } = this.deps;
    const judged = this.used(complete);
    const { promptTokens, completionTokens, totalTokens } = judged;
    for (const part of judged.distrusted) onDistrusted(part);
    const { raw, cachedCountedBy } = rawTokens(judged, this.reported);
    const { card, model, weights } = rating;
    const units = weigh(raw, weights);
    const countedBy = {
      promptCountedBy: judged.promptCountedBy,
      cachedCountedBy,
      completionCountedBy: judged.completionCountedBy,
    };
    await meter.settle(
      { messages: 1, llm_tokens: units },
      {
        messageId,
        model: completion.model,
        ...(characterId === undefined ? {} : { characterId }),
        promptTokens,
        completionTokens,
        ...countedBy,
        ...noted('cachedTokens', this.reported?.cachedTokens),
        ...noted('reasoningTokens', this.reported?.reasoningTokens),
      },
      { card, model, raw },
    );
    const usage = { promptTokens, completionTokens, totalTokens };
    return { usage, messageId, charged: { units, rateCard: card, ...raw, ...countedBy } };
  }

  private used(complete: boolean): JudgedUsage {
    const { promptTokens, counter } = this.deps;
    const completionTokens = counter.countText(this.text) + counter.countText(this.thought);
    return judgeUsage(this.reported, { promptTokens, completionTokens }, complete);
  }
}

const hungUp = () => new BillingError('invalid_request', 'You hung up.');

function assertListening(signal: AbortSignal): void {
  if (signal.aborted) throw stopReason(signal) ?? hungUp();
}

/** Why we ourselves stopped the work, if it was not the client. */
function stopReason(signal: AbortSignal): BillingError | undefined {
  return signal.reason instanceof BillingError ? signal.reason : undefined;
}

function toErrorData(error: unknown): Omit<ApiError, 'requestId'> {
  const known =
    error instanceof BillingError
      ? error
      : new BillingError('internal', 'The answer broke off on our side; try again.');
  return { error: known.message, code: known.code, details: known.data };
}
