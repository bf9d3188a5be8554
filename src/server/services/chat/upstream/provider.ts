import type { ModelView } from '../../../../domain/api.ts';

export interface ChatMessage {
  role: 'system' | 'assistant' | 'user';
  content: string;
}

export interface TokenUsage {
  promptTokens: number;
  completionTokens: number;
  totalTokens: number;
}

/** What an upstream says it used: whatever it wrote there, not yet believed. */
export interface ReportedUsage {
  promptTokens?: unknown;
  completionTokens?: unknown;
  totalTokens?: unknown;
  /** Of the prompt: what was read from a cache. */
  cachedTokens?: unknown;
  /** Of the answer: what was thought and not said. */
  reasoningTokens?: unknown;
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

/**
 * Text as it comes, what is written beside it and shown to nobody (thoughts, calls of tools), and the tokens
 * used so far, when whoever answers counts them: each report is of the whole, the last one counts.
 */
export type CompletionEvent =
  | { kind: 'text'; text: string }
  | { kind: 'reasoning'; text: string }
  | { kind: 'usage'; usage: ReportedUsage };

/** Something that answers. It throws `upstream_failed` when the answer cannot be had or breaks off. */
export interface ChatProvider {
  /** The first is the one to use unless told. */
  readonly models: readonly ModelView[];
  /** What an answer may be long, in tokens. */
  readonly maxOutputTokens: number;
  complete(request: CompletionRequest): AsyncGenerator<CompletionEvent>;
}
