import type { ModelView } from '../../../domain/api.ts';

export interface ChatMessage {
  role: 'system' | 'assistant' | 'user';
  content: string;
}

export interface TokenUsage {
  promptTokens: number;
  completionTokens: number;
  totalTokens: number;
}

/** Who speaks. Its greeting opened the conversation. */
export interface Persona {
  name: string;
  description: string;
  greeting: string;
}

export interface CompletionRequest {
  model: string;
  messages: ChatMessage[];
  persona: Persona | undefined;
  /** Tokens of the answer at most. */
  maxTokens: number;
  /** Ends the work; the generator then throws. */
  signal: AbortSignal;
}

/** Text as it comes; and the tokens used so far, when whoever answers counts them. */
export type CompletionEvent = { kind: 'text'; text: string } | { kind: 'usage'; usage: TokenUsage };

/** Something that answers. It throws `upstream_failed` when the answer cannot be had or breaks off. */
export interface ChatProvider {
  /** The first is the one to use unless told. */
  readonly models: readonly ModelView[];
  /** What an answer may be long, in tokens. */
  readonly maxOutputTokens: number;
  complete(request: CompletionRequest): AsyncGenerator<CompletionEvent>;
}
