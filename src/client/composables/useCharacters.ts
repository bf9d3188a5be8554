import { useQuery } from '@pinia/colada';
import { computed } from 'vue';
import type { CharacterView } from '../../domain/api.ts';
import { contentLanguage } from '../chat/turn.ts';
import { listCharacters } from '../services/characters.api.ts';
import { useSessionStore } from '../stores/session.ts';
import { useText } from './useText.ts';

/** The tenant's own characters, then those that speak the reader's language, then the others. */
export function useCharacters() {
  const session = useSessionStore();
  const { language } = useText();
  const query = useQuery<CharacterView[]>({
    key: () => ['tenant', session.user?.id ?? '', 'characters'],
    query: listCharacters,
    staleTime: 30_000,
  });
  const characters = computed(() =>
    [...(query.data.value ?? [])].sort((a, b) => rank(a, language.value) - rank(b, language.value)),
  );
  return { ...query, characters };
}

function rank(character: CharacterView, language: string): number {
  if (character.own) return 0;
  return contentLanguage(character.name + character.description) === language ? 1 : 2;
}
