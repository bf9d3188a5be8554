/**
 * What an API key may be allowed. `chat` includes reading characters. A key without scopes may do
 * all that keys could do before there were scopes: chat, images and characters.
 */
export const API_KEY_SCOPES = ['chat', 'images', 'usage:read'] as const;

export type ApiKeyScope = (typeof API_KEY_SCOPES)[number];

/** Live keys at most: of one person, and of a tenant. */
export const API_KEYS_MAX = { perPerson: 20, perTenant: 100 } as const;

/** What a request with a key can need; making characters has no scope of its own. */
export type ApiKeyAct = ApiKeyScope | 'characters:write';

/** Whether a key with these scopes (`null`: made without any) may do `act`. */
export function allowsAct(scopes: readonly ApiKeyScope[] | null, act: ApiKeyAct): boolean {
  if (scopes === null) return act !== 'usage:read';
  return scopes.some((scope) => scope === act);
}

export interface ApiKeyView {
  id: string;
  name: string;
  /** The first characters, to tell keys apart; the whole key is shown once, at creation. */
  prefix: string;
  /** `null`: made without any, and may do what keys could before there were scopes. */
  scopes: ApiKeyScope[] | null;
  /** Whether the reader made it. */
  own: boolean;
  ownerName: string;
  createdAt: string;
  lastUsedAt: string | null;
  expiresAt: string | null;
}

export interface ApiKeyCreated extends ApiKeyView {
  key: string;
}
