import { defineStore } from 'pinia';
import { reactive, ref, shallowRef, watch } from 'vue';
import type { CharacterView, ConversationView } from '../../domain/api.ts';
import { titleOf } from '../../domain/conversations.ts';
import { turnsOf, type Turn } from '../chat/turn.ts';
import * as api from '../services/conversations.api.ts';
import { toProblem, type ApiProblem } from '../services/api-problem.ts';
import { readKept, writeKept, type KeptChat } from './kept-chat.ts';
import { useSessionStore } from './session.ts';

const PREFIX = 'squaretable.conversation.';
const empty = (): KeptChat => ({ characterId: '', guest: null, model: '', draft: '', open: {} });

/**
 * Who sits at the table and what is said. The server keeps what was said; this tab keeps which
 * conversation is open with whom, and the unsent message, so that paying (which leaves the page) or a
 * lost session takes neither away.
 */
export const useConversationStore = defineStore('conversation', () => {
  const session = useSessionStore();
  const kept = reactive(empty());
  /** The one that is open; null for one that has not begun. */
  const current = shallowRef<ConversationView | null>(null);
  const turns = ref<Turn[]>([]);
  /** For what was said before the first of `turns`. */
  const earlier = ref<number | null>(null);
  const problem = shallowRef<ApiProblem | null>(null);
  const isLoading = ref(false);
  const isAnswering = ref(false);
  let owner: string | undefined;

  function close(): void {
    current.value = null;
    turns.value = [];
    earlier.value = null;
    problem.value = null;
  }

  watch(
    () => session.user?.id,
    (userId) => {
      owner = userId;
      close();
      Object.assign(kept, empty(), userId === undefined ? undefined : readKept(PREFIX + userId));
      if (userId !== undefined) void resume();
    },
    { immediate: true, flush: 'sync' },
  );
  watch(kept, () => owner !== undefined && writeKept(PREFIX + owner, kept), { deep: true });
  watch(() => kept.characterId, resume, { flush: 'sync' });

  /** Goes on with what is open with who sits there now. */
  async function resume(): Promise<void> {
    const id = kept.open[kept.characterId];
    if (id !== undefined && id === current.value?.id) return;
    close();
    if (id !== undefined) await load(id);
  }

  async function load(id: string): Promise<void> {
    isLoading.value = true;
    problem.value = null;
    try {
      const page = await api.readConversation(id);
      // Somebody else was asked to the table meanwhile.
      if (kept.open[kept.characterId] !== id) return;
      current.value = page;
      turns.value = turnsOf(page.turns);
      earlier.value = page.earlier;
    } catch (thrown) {
      const failed = toProblem(thrown);
      // Deleted on another device: the table is free.
      if (failed.status === 404) drop(id);
      else problem.value = failed;
    } finally {
      isLoading.value = false;
    }
  }

  function drop(id: string): void {
    for (const [characterId, open] of Object.entries(kept.open)) {
      if (open === id) Reflect.deleteProperty(kept.open, characterId);
    }
    if (current.value?.id === id) close();
  }

  return {
    kept,
    current,
    turns,
    earlier,
    problem,
    isLoading,
    isAnswering,
    resume,
    drop,

    add(turn: Omit<Turn, 'id'>): Turn {
      turns.value.push({ ...turn, id: (turns.value.at(-1)?.id ?? 0) + 1 });
      return turns.value.at(-1)!;
    },

    remove(turn: Turn): void {
      turns.value = turns.value.filter(({ id }) => id !== turn.id);
    },

    /** Opens one that was begun before, with whoever it is with. */
    async open(id: string): Promise<void> {
      const page = await api.readConversation(id);
      const characterId = page.characterId ?? '';
      kept.open[characterId] = id;
      current.value = page;
      turns.value = turnsOf(page.turns);
      earlier.value = page.earlier;
      kept.characterId = characterId;
    },

    /** Shows what was said before. Throws an `ApiProblem`. */
    async showEarlier(): Promise<void> {
      if (!current.value || earlier.value === null) return;
      const { id } = current.value;
      const page = await api.readConversation(id, earlier.value);
      if (current.value.id !== id) return;
      const before = turnsOf(page.turns);
      turns.value = [...before, ...turns.value].map((turn, n) => ({ ...turn, id: n + 1 }));
      earlier.value = page.earlier;
    },

    /** The conversation that `said` belongs to, begun when there is none. Throws an `ApiProblem`. */
    async ensure(said: string): Promise<{ id: string; isNew: boolean }> {
      if (current.value) return { id: current.value.id, isNew: false };
      const { characterId } = kept;
      const begun = await api.beginConversation({
        title: titleOf(said),
        ...(characterId === '' ? {} : { characterId }),
      });
      kept.open[characterId] = begun.id;
      if (kept.characterId === characterId) current.value = begun;
      return { id: begun.id, isNew: true };
    },

    sitWith(character: CharacterView): void {
      kept.guest = character;
      kept.characterId = character.id;
    },

    /** A character is gone: the storyteller takes its seat. */
    leave(characterId: string): void {
      if (kept.guest?.id === characterId) kept.guest = null;
      if (kept.characterId === characterId) kept.characterId = '';
    },

    /** The next thing said begins another conversation; this one stays in the list. */
    startAnew(): void {
      Reflect.deleteProperty(kept.open, kept.characterId);
      close();
    },

    /** Drops everything that anybody said in this tab. */
    forget(): void {
      owner = undefined;
      close();
      Object.assign(kept, empty());
      for (const key of Object.keys(sessionStorage)) {
        if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
      }
    },
  };
});
