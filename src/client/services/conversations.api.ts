import type { ConversationPage, ConversationView } from '../../domain/api.ts';
import { authorizedFetch, getJson, jsonBody, postJson } from './http.ts';

const addressOf = (id: string) => `/api/conversations/${encodeURIComponent(id)}`;

/** All of the reader's, the last talked in first. */
export async function listConversations(): Promise<ConversationView[]> {
  const { conversations } = await getJson<{ conversations: ConversationView[] }>(
    '/api/conversations',
  );
  return conversations;
}

/** `characterId` is left out for the storyteller. */
export function beginConversation(wish: {
  title: string;
  characterId?: string;
}): Promise<ConversationView> {
  return postJson('/api/conversations', wish);
}

/** The newest things said in it, or those before `before`. */
export function readConversation(id: string, before?: number): Promise<ConversationPage> {
  return getJson(`${addressOf(id)}${before === undefined ? '' : `?before=${before}`}`);
}

export async function renameConversation(id: string, title: string): Promise<void> {
  await authorizedFetch(addressOf(id), { method: 'PATCH', ...jsonBody({ title }) });
}

export async function deleteConversation(id: string): Promise<void> {
  await authorizedFetch(addressOf(id), { method: 'DELETE' });
}
