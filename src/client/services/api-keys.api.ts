import type { ApiKeyCreated, ApiKeyView } from '../../domain/api.ts';
import { authorizedFetch, getJson, postJson } from './http.ts';

export async function listApiKeys(): Promise<ApiKeyView[]> {
  const { apiKeys } = await getJson<{ apiKeys: ApiKeyView[] }>('/api/api-keys');
  return apiKeys;
}

/** The answer is the only one that carries the whole key. */
export function createApiKey(name: string): Promise<ApiKeyCreated> {
  return postJson('/api/api-keys', { name });
}

export async function deleteApiKey(id: string): Promise<void> {
  await authorizedFetch(`/api/api-keys/${encodeURIComponent(id)}`, { method: 'DELETE' });
}
