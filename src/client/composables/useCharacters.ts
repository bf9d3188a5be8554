import { useQuery } from '@pinia/colada';
import { computed } from 'vue';
import type { CharacterView } from '../../domain/api.ts';
import { contentLanguage } from '../chat/turn.ts';
import { listCharacters } from '../services/characters.api.ts';
import { useConversationStore } from '../stores/conversation.ts';
import { useSessionStore } from '../stores/session.ts';
import { useText } from './useText.ts';

/**
 * Who may sit at the table: the tenant's own characters, then those that speak the reader's
 * language, then the others; and whoever was asked over from further down the community.
 */
export function useCharacters() {
  const session = useSessionStore();
  const { language } = useText();
  const conversation = useConversationStore();
  const query = useQuery<CharacterView[]>({
    key: () => ['tenant', session.user?.id ?? '', 'characters'],
    query: listCharacters,
    staleTime: 30_000,
  });
  const characters = computed(() => {
    const listed = query.data.value ?? [];
    const { guest } = conversation.kept;
    const isNew = guest !== null && !listed.some(({ id }) => id === guest.id);
    return [...(isNew ? [guest] : []), ...[...listed].sort(byLanguage(language.value))];
  });
  return { ...query, characters };
}

/** One's own first, then those that speak `language`. */
export function byLanguage(language: string): (a: CharacterView, b: CharacterView) => number {
  return (a, b) => rank(a, language) - rank(b, language);
}

function rank(character: CharacterView, language: string): number {
  if (character.own) return 0;
  return contentLanguage(character.name + character.description) === language ? 1 : 2;
}
