import { defineStore } from 'pinia';
import { computed, reactive, ref, watch } from 'vue';
import type { CharacterView } from '../../domain/api.ts';
import type { Turn } from '../chat/turn.ts';
import { useSessionStore } from './session.ts';

interface Kept {
  characterId: string;
  /** Who was asked to the table from a later page of the community, which the picker has not. */
  guest: CharacterView | null;
  model: string;
  draft: string;
  turns: Record<string, Turn[]>;
}

const PREFIX = 'squaretable.conversation.';
const KEPT_TURNS_MAX = 60;
const empty = (): Kept => ({ characterId: '', guest: null, model: '', draft: '', turns: {} });

/**
 * What was said, and what is about to be said: kept for this tab and this user, so that paying
 * (which leaves the page) or a lost session takes away neither the table nor the unsent message.
 */
export const useConversationStore = defineStore('conversation', () => {
  const session = useSessionStore();
  const kept = reactive(empty());
  let owner: string | undefined;
  const isAnswering = ref(false);

  watch(
    () => session.user?.id,
    (userId) => {
      owner = userId;
      Object.assign(kept, empty(), userId === undefined ? undefined : read(PREFIX + userId));
    },
    { immediate: true, flush: 'sync' },
  );
  watch(kept, () => owner !== undefined && write(PREFIX + owner, kept), { deep: true });

  const turns = computed<Turn[]>(() => kept.turns[kept.characterId] ?? []);

  function add(turn: Omit<Turn, 'id'>): Turn {
    const list = (kept.turns[kept.characterId] ??= []);
    list.push({ ...turn, id: (list.at(-1)?.id ?? 0) + 1 });
    if (list.length > KEPT_TURNS_MAX) list.shift();
    return list.at(-1)!;
  }

  return {
    kept,
    turns,
    isAnswering,
    add,

    sitWith(character: CharacterView): void {
      Object.assign(kept, { characterId: character.id, guest: character });
    },

    /** A character is gone: the storyteller takes its seat. */
    leave(characterId: string): void {
      if (kept.guest?.id === characterId) kept.guest = null;
      if (kept.characterId === characterId) kept.characterId = '';
    },

    remove(turn: Turn): void {
      const list = Object.values(kept.turns).find((candidate) => candidate.includes(turn));
      list?.splice(list.indexOf(turn), 1);
    },

    clear(): void {
      kept.turns[kept.characterId] = [];
    },

    /** Drops everything that anybody said in this tab. */
    forget(): void {
      owner = undefined;
      Object.assign(kept, empty());
      for (const key of Object.keys(sessionStorage)) {
        if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
      }
    },
  };
});

function read(key: string): Partial<Kept> | undefined {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? 'null') as Kept | null;
    if (!kept) return undefined;
    // What was being written when the page went away will not be written on.
    for (const turn of Object.values(kept.turns).flat()) {
      if (turn.state === 'streaming') turn.state = 'stopped';
    }
    return kept;
  } catch {
    return undefined;
  }
}

function write(key: string, kept: Kept): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(kept));
  } catch {
    // Full or refused: the conversation then lasts as long as the page.
  }
}
