import type { ApiKeyView } from '../../domain/api.ts';
import { API_KEYS_MAX, type ApiKeyScope } from '../../domain/api-keys.ts';
import type { MessageKey } from '../i18n/keys.ts';

export const SCOPE_WORDS = {
  chat: 'settings.keys.scope.chat',
  images: 'settings.keys.scope.images',
  'usage:read': 'settings.keys.scope.usage',
} as const satisfies Record<ApiKeyScope, MessageKey>;

/** Days that a new key is good for; 0 until it is deleted. */
export const VALID_DAYS = [0, 30, 90, 365] as const;
export type ValidDays = (typeof VALID_DAYS)[number];

/** ISO 8601, or `undefined` for a key without an end. */
export function expiryOf(days: ValidDays, now: Date): string | undefined {
  return days === 0 ? undefined : new Date(now.getTime() + days * 86_400_000).toISOString();
}

const SOON_MS = 7 * 86_400_000;

export function endsSoon(expiresAt: string, now: Date): boolean {
  return Date.parse(expiresAt) - now.getTime() < SOON_MS;
}

export interface KeyCounts {
  own: number;
  /** Of the whole tenant, as far as the reader sees it. */
  all: number;
  isFull: boolean;
}

export function countKeys(keys: readonly ApiKeyView[]): KeyCounts {
  const own = keys.filter((key) => key.own).length;
  const isFull = own >= API_KEYS_MAX.perPerson || keys.length >= API_KEYS_MAX.perTenant;
  return { own, all: keys.length, isFull };
}
