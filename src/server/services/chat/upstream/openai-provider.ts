import type { ModelView } from '../../../../domain/api.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { readCompletion } from './openai-stream.ts';
import { UpstreamTimeout } from './upstream-timeout.ts';
import type { ChatProvider, CompletionEvent, CompletionRequest } from './provider.ts';

export interface OpenAiProviderOptions {
  /** Such as `https://api.example.com/v1`, without a trailing slash. */
  baseUrl: string;
  apiKey: string | undefined;
  model: string;
  advancedModels: readonly string[];
  /** How long the upstream may be silent before it is given up; 60 s unless told. */
  silenceSecondsMax?: number;
  /** How long one answer may take in all; 300 s unless told. */
  timeoutSeconds?: number;
}

/** Answers from any endpoint that speaks OpenAI's `/chat/completions`, streamed or not. */
export class OpenAiProvider implements ChatProvider {
  readonly models: readonly ModelView[];
  readonly maxOutputTokens = 1_024;
  private readonly options: OpenAiProviderOptions;

  constructor(options: OpenAiProviderOptions) {
    this.options = options;
    const ids = [...new Set([options.model, ...options.advancedModels])];
    this.models = ids.map((id) => ({
      id,
      name: id,
      advanced: options.advancedModels.includes(id),
    }));
  }

  async *complete(request: CompletionRequest): AsyncGenerator<CompletionEvent> {
    const { silenceSecondsMax = 60, timeoutSeconds = 300 } = this.options;
    const timeout = new UpstreamTimeout(silenceSecondsMax, timeoutSeconds);
    try {
      const signal = AbortSignal.any([request.signal, timeout.signal]);
      const response = await this.post(request, signal);
      for await (const event of readCompletion(timeout.listenTo(response))) {
        // The time that our reader takes is not the upstream's silence.
        timeout.pause();
        yield event;
        timeout.resume();
      }
    } catch (cause) {
      // Our own hanging up is no failure of the upstream.
      request.signal.throwIfAborted();
      if (cause instanceof BillingError) throw cause;
      throw new BillingError('upstream_failed', 'The language model did not answer; try again.', {
        cause: timeout.signal.aborted ? timeout.signal.reason : cause,
      });
    } finally {
      // Whoever stops reading early also stops the upstream from writing on.
      timeout.end();
    }
  }

  private async post(request: CompletionRequest, signal: AbortSignal): Promise<Response> {
    const { baseUrl, apiKey } = this.options;
    const response = await fetch(`${baseUrl}/chat/completions`, {
      method: 'POST',
      redirect: 'error',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'text/event-stream, application/json',
        ...(apiKey === undefined ? {} : { Authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify({
        model: request.model,
        messages: request.messages,
        max_tokens: request.maxTokens,
        stream: true,
        stream_options: { include_usage: true },
      }),
      signal,
    });
    if (response.ok) return response;
    await response.body?.cancel();
    throw new BillingError(
      'upstream_failed',
      `The language model refused with status ${response.status}; try again later.`,
      { data: { upstreamStatus: response.status } },
    );
  }
}
