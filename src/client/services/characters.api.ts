import type { CharactersView, CharacterView } from '../../domain/api.ts';
import { getJson, postJson } from './http.ts';

export type NewCharacter = Pick<CharacterView, 'name' | 'description' | 'greeting' | 'shared'>;

export async function listCharacters(): Promise<CharacterView[]> {
  const { characters } = await getJson<CharactersView>('/api/characters');
  return characters;
}

export function createCharacter(character: NewCharacter): Promise<CharacterView> {
  return postJson('/api/characters', character);
}
