import type { ApiError, ChatDone } from '../../../domain/api.ts';
import { BillingError } from '../../../domain/errors.ts';
import type { Logger } from '../../log.ts';
import type { RequestMeter } from '../request-meter.ts';
import type { ChatProvider, CompletionEvent, CompletionRequest, TokenUsage } from './provider.ts';
import type { TokenCounter } from './tokens.ts';

/** What the client is sent: text as it comes, then how it ended. */
export type AnswerEvent =
  | { event: 'delta'; data: { text: string } }
  | { event: 'done'; data: ChatDone }
  | { event: 'error'; data: Omit<ApiError, 'requestId'> };

export interface AnswerDeps {
  provider: ChatProvider;
  completion: Omit<CompletionRequest, 'signal'>;
  /** By our own count; the upstream's, when it tells, is the one that is charged. */
  promptTokens: number;
  counter: TokenCounter;
  messageId: string;
  meter: RequestMeter;
  log: Logger;
  signal: AbortSignal;
}

/**
 * Waits for the first text, so that an upstream which fails at once is still a plain 502 with
 * nothing charged. From then on the events own the meter: however they end, by the upstream's
 * last word, its death or the client's hanging up, what was really used is settled once.
 */
export async function beginAnswer(deps: AnswerDeps): Promise<AsyncGenerator<AnswerEvent>> {
  const answer = new Answer(deps);
  await answer.waitForText();
  deps.meter.handOver();
  return answer.events();
}

class Answer {
  private readonly deps: AnswerDeps;
  private readonly upstream: AsyncGenerator<CompletionEvent>;
  private text = '';
  private reported: TokenUsage | undefined;
  private pending: string | undefined;

  constructor(deps: AnswerDeps) {
    this.deps = deps;
    this.upstream = deps.provider.complete({ ...deps.completion, signal: deps.signal });
  }

  async waitForText(): Promise<void> {
    try {
      this.pending = await this.nextText();
    } catch (error) {
      const { signal } = this.deps;
      if (!signal.aborted) throw error;
      throw stopReason(signal) ?? new BillingError('invalid_request', 'You hung up.');
    }
  }

  async *events(): AsyncGenerator<AnswerEvent> {
    let complete = false;
    try {
      for (let text = this.pending; text !== undefined; text = await this.nextText()) {
        yield { event: 'delta', data: { text } };
      }
      complete = true;
      const usage = await this.settle(this.reported ?? this.counted());
      yield { event: 'done', data: { usage, messageId: this.deps.messageId } };
    } catch (error) {
      await this.settle(this.usedSoFar());
      const { signal, log } = this.deps;
      const reason = signal.aborted ? stopReason(signal) : error;
      // A client that hung up is told nothing.
      if (!reason) return;
      log.warn({ err: reason }, 'an answer broke off');
      yield { event: 'error', data: toErrorData(reason) };
    } finally {
      // When nobody reads on, the generator is returned from the outside and gets here alone.
      if (!complete) await this.settle(this.usedSoFar());
      await this.upstream.return(undefined).catch(() => undefined);
    }
  }

  private async nextText(): Promise<string | undefined> {
    for (;;) {
      const { done, value } = await this.upstream.next();
      if (done) return undefined;
      if (value.kind === 'text') {
        this.text += value.text;
        return value.text;
      }
      this.reported = value.usage;
    }
  }

  /** Charges what was used. The meter takes the first settlement and lets later ones be. */
  private async settle(usage: TokenUsage): Promise<TokenUsage> {
    const { meter, messageId, completion } = this.deps;
    const { promptTokens, completionTokens, totalTokens } = usage;
    await meter.settle(
      { messages: 1, llm_tokens: totalTokens },
      { messageId, model: completion.model, promptTokens, completionTokens },
    );
    return usage;
  }

  private counted(): TokenUsage {
    const { promptTokens, counter } = this.deps;
    const completionTokens = counter.countText(this.text);
    return { promptTokens, completionTokens, totalTokens: promptTokens + completionTokens };
  }

  /** Of an answer that broke off: what the upstream told last may lag behind what it sent. */
  private usedSoFar(): TokenUsage {
    const counted = this.counted();
    const reported = this.reported;
    return reported && reported.totalTokens >= counted.totalTokens ? reported : counted;
  }
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
