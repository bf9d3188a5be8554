import { useQueryCache } from '@pinia/colada';
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue';
import { parseCommand } from '../chat/turn.ts';
import { toProblem, type ApiProblem } from '../services/api-problem.ts';
import { createImage, streamChat, type ChatRequest } from '../services/chat.api.ts';
import { deleteConversation } from '../services/conversations.api.ts';
import { useConversationStore } from '../stores/conversation.ts';
import { useSessionStore } from '../stores/session.ts';
import { heldResource } from '../subscription/gate.ts';
import { conversationsKey } from './useConversations.ts';
import { useFeatureGate } from './useFeatureGate.ts';
import { useHolds } from './useHolds.ts';

export interface Chat {
  problem: ShallowRef<ApiProblem | null>;
  /** Sends the draft as a message or, with `kind` or `/image`, as the wish for a picture. */
  send(kind: 'message' | 'image'): Promise<void>;
  stop(): void;
  /** What was sent waits for an answer that is still being written elsewhere. */
  isWaiting: Ref<boolean>;
}

/** Talks to the character at the table. What a gate refuses goes back into the draft, unlost. */
export function useChat(): Chat {
  const conversation = useConversationStore();
  const session = useSessionStore();
  const cache = useQueryCache();
  const gate = useFeatureGate();
  const problem = shallowRef<ApiProblem | null>(null);
  const isWaiting = ref(false);
  const holds = useHolds();
  let underWay: AbortController | undefined;

  async function send(kind: 'message' | 'image'): Promise<void> {
    const draft = conversation.kept.draft;
    const command = parseCommand(draft);
    if (command.text === '' || conversation.isAnswering || conversation.isLoading) return;
    conversation.isAnswering = true;
    problem.value = null;
    conversation.kept.draft = '';
    const asked = conversation.add({ who: 'reader', text: command.text, state: 'done' });
    const answer = conversation.add({ who: 'character', text: '', state: 'streaming' });
    const leaving = new AbortController();
    underWay = leaving;
    const wish = { characterId: conversation.kept.characterId, model: conversation.kept.model };
    let begun: string | undefined;
    try {
      const { id, isNew } = await conversation.ensure(command.text);
      if (isNew) begun = id;
      await whenFree(leaving.signal, async () => {
        if (kind === 'image' || command.kind === 'image') {
          const image = await createImage(command.text, id);
          Object.assign(answer, { text: command.text, imageUrl: image.dataUrl, state: 'done' });
        } else {
          await converse(
            { message: command.text, conversationId: id, ...wish },
            answer,
            leaving.signal,
          );
        }
      });
    } catch (thrown) {
      const isStopped = leaving.signal.aborted;
      answer.state = isStopped ? 'stopped' : 'broken';
      if (answer.text !== '' && isStopped) return;
      if (!isStopped && !gate.catchGate(thrown)) problem.value = toProblem(thrown);
      if (answer.text === '') {
        conversation.remove(answer);
        conversation.remove(asked);
        if (conversation.kept.draft === '') conversation.kept.draft = draft;
        if (begun !== undefined) await discard(begun);
      }
    } finally {
      underWay = undefined;
      conversation.isAnswering = false;
      void cache.invalidateQueries({ key: conversationsKey(session.user?.id) });
    }
  }

  /** One in which nothing came to be said is not left in the list. */
  async function discard(id: string): Promise<void> {
    conversation.drop(id);
    await deleteConversation(id).catch(() => undefined);
  }

  /** Asks again by itself while only answers under way are in the way. */
  async function whenFree(signal: AbortSignal, ask: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await ask();
        return;
      } catch (thrown) {
        const resource = heldResource(toProblem(thrown));
        if (resource === null || signal.aborted) throw thrown;
        isWaiting.value = true;
        await holds.untilFewer(resource, signal);
      } finally {
        isWaiting.value = false;
      }
    }
  }

  async function converse(
    { characterId, model, ...said }: Required<ChatRequest>,
    answer: { text: string; state: string },
    signal: AbortSignal,
  ): Promise<void> {
    await streamChat(
      {
        ...said,
        ...(characterId === '' ? {} : { characterId }),
        ...(model === '' ? {} : { model }),
      },
      (text) => {
        answer.text += text;
      },
      signal,
    );
    answer.state = 'done';
  }

  return { problem, send, isWaiting, stop: () => underWay?.abort() };
}
