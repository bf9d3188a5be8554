import type { CharactersView, CharacterView } from '../../domain/api.ts';
import { asChange } from './api-problem.ts';
import { authorizedFetch, getJson, jsonBody, postJson } from './http.ts';

export type CharacterSheet = Pick<CharacterView, 'name' | 'description' | 'greeting' | 'shared'>;

/** The tenant's own and the newest that others share. */
export async function listCharacters(): Promise<CharacterView[]> {
  const { characters } = await getJson<CharactersView>('/api/characters');
  return characters;
}

export interface CharacterSearch {
  search: string;
  /** Where the last page ended; `null` for the first. */
  cursor: string | null;
  limit: number;
}

/** One page: on the first the tenant's own stand before what others share. */
export function findCharacters(wanted: CharacterSearch): Promise<CharactersView> {
  const query = new URLSearchParams({ limit: String(wanted.limit) });
  if (wanted.search !== '') query.set('search', wanted.search);
  if (wanted.cursor !== null) query.set('cursor', wanted.cursor);
  return getJson(`/api/characters?${query.toString()}`);
}

export function createCharacter(sheet: CharacterSheet): Promise<CharacterView> {
  return asChange(postJson('/api/characters', sheet));
}

const addressOf = (id: string) => `/api/characters/${encodeURIComponent(id)}`;

export async function updateCharacter(
  id: string,
  changes: Partial<CharacterSheet>,
): Promise<CharacterView> {
  const response = await asChange(
    authorizedFetch(addressOf(id), { method: 'PATCH', ...jsonBody(changes) }),
  );
  return (await response.json()) as CharacterView;
}

export async function deleteCharacter(id: string): Promise<void> {
  await asChange(authorizedFetch(addressOf(id), { method: 'DELETE' }));
}

/** Tells operators what is wrong with a shared character. */
export async function reportCharacter(id: string, reason: string): Promise<void> {
  const init = { method: 'POST', ...jsonBody({ reason }) };
  await asChange(authorizedFetch(`${addressOf(id)}/report`, init));
}
