import type { ChatDone, ImageView, ModelView } from '../../domain/api.ts';
import type { QuoteView } from '../../domain/billing/usage/quote.ts';
import { ApiProblem, problemOf } from './api-problem.ts';
import { readEvents } from './event-stream.ts';
import { authorizedFetch, getJson, jsonBody, postJson } from './http.ts';

export interface ChatRequest {
  message: string;
  characterId?: string;
  model?: string;
  /** Where what is said is kept. */
  conversationId?: string;
}

/**
 * Sends a message; `onDelta` gets the answer piece by piece. Throws an `ApiProblem` when the gate
 * refuses, and also when the stream breaks off.
 */
export async function streamChat(
  request: ChatRequest,
  onDelta: (text: string) => void,
  signal: AbortSignal,
): Promise<ChatDone> {
  const response = await authorizedFetch('/api/chat', {
    method: 'POST',
    signal,
    ...jsonBody(request),
  });
  for await (const event of readEvents(response)) {
    const data = JSON.parse(event.data) as unknown;
    if (event.event === 'delta') onDelta((data as { text: string }).text);
    else if (event.event === 'done') return data as ChatDone;
    else if (event.event === 'error') throw problemOf(502, data);
  }
  throw new ApiProblem(0, 'network');
}

/** What a message would take at most; 429 `quota_exceeded` when it could not be sent. */
export async function quoteMessage(
  message: Omit<ChatRequest, 'conversationId'>,
  signal: AbortSignal,
): Promise<QuoteView> {
  const asked = { method: 'POST', signal, ...jsonBody(message) };
  return (await (await authorizedFetch('/api/usage/quote', asked)).json()) as QuoteView;
}

export async function createImage(prompt: string, conversationId: string): Promise<ImageView> {
  const { image } = await postJson<{ image: ImageView }>('/api/images', { prompt, conversationId });
  return image;
}

export async function listModels(): Promise<ModelView[]> {
  const { models } = await getJson<{ models: ModelView[] }>('/api/chat/models');
  return models;
}
