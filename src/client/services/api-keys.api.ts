import type { ApiKeyCreated, ApiKeyView } from '../../domain/api.ts';
import type { ApiKeyScope } from '../../domain/api-keys.ts';
import { asChange } from './api-problem.ts';
import { authorizedFetch, getJson, postJson } from './http.ts';

export async function listApiKeys(): Promise<ApiKeyView[]> {
  const { apiKeys } = await getJson<{ apiKeys: ApiKeyView[] }>('/api/api-keys');
  return apiKeys;
}

export interface NewApiKey {
  name: string;
  /** Left out: what keys may do that were made without any. */
  scopes?: ApiKeyScope[];
  /** ISO 8601. Left out: until it is revoked. */
  expiresAt?: string;
}

/** The answer is the only one that carries the whole key. */
export function createApiKey(key: NewApiKey): Promise<ApiKeyCreated> {
  return asChange(postJson('/api/api-keys', key));
}

export async function deleteApiKey(id: string): Promise<void> {
  const address = `/api/api-keys/${encodeURIComponent(id)}`;
  await asChange(authorizedFetch(address, { method: 'DELETE' }));
}
