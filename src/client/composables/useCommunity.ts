import { useInfiniteQuery, useQueryCache } from '@pinia/colada';
import { refDebounced } from '@vueuse/core';
import { computed, type Ref } from 'vue';
import type { CharactersView } from '../../domain/api.ts';
import { findCharacters } from '../services/characters.api.ts';
import { useSessionStore } from '../stores/session.ts';
import { byLanguage } from './useCharacters.ts';
import { useText } from './useText.ts';

const PAGE = 24;
const TYPING_MS = 300;

/** The community page by page, as far as it matches what is typed. */
export function useCommunity(typed: Ref<string>) {
  const session = useSessionStore();
  const cache = useQueryCache();
  const { language } = useText();
  const settled = refDebounced(typed, TYPING_MS);
  const search = computed(() => settled.value.trim());
  const all = () => ['tenant', session.user?.id ?? '', 'characters'];

  const query = useInfiniteQuery<CharactersView, Error, string | null>({
    key: () => [...all(), 'community', search.value],
    query: ({ pageParam: cursor }) => findCharacters({ search: search.value, cursor, limit: PAGE }),
    initialPageParam: null,
    getNextPageParam: (page) => page.nextCursor,
  });
  // Sorted within a page, so that nothing moves that was read already.
  const characters = computed(() =>
    (query.data.value?.pages ?? []).flatMap((page) =>
      [...page.characters].sort(byLanguage(language.value)),
    ),
  );

  return {
    ...query,
    characters,
    /** What the list answers to, which is what was typed a moment ago. */
    search,
    /** Reads it anew after a change, here and at the chat's table. */
    renew: () => cache.invalidateQueries({ key: all() }),
  };
}
