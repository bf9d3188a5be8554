import { ref, shallowRef, type Ref, type ShallowRef } from 'vue';
import { parseCommand } from '../chat/turn.ts';
import { toProblem, type ApiProblem } from '../services/api-problem.ts';
import { createImage, streamChat } from '../services/chat.api.ts';
import { useConversationStore } from '../stores/conversation.ts';
import { heldResource } from '../subscription/gate.ts';
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
  const gate = useFeatureGate();
  const problem = shallowRef<ApiProblem | null>(null);
  const isWaiting = ref(false);
  const holds = useHolds();
  let underWay: AbortController | undefined;

  async function send(kind: 'message' | 'image'): Promise<void> {
    const draft = conversation.kept.draft;
    const command = parseCommand(draft);
    if (command.text === '' || conversation.isAnswering) return;
    conversation.isAnswering = true;
    problem.value = null;
    conversation.kept.draft = '';
    const asked = conversation.add({ who: 'reader', text: command.text, state: 'done' });
    const answer = conversation.add({ who: 'character', text: '', state: 'streaming' });
    const leaving = new AbortController();
    underWay = leaving;
    try {
      await whenFree(leaving.signal, async () => {
        if (kind === 'image' || command.kind === 'image') {
          const image = await createImage(command.text);
          Object.assign(answer, { text: command.text, imageUrl: image.dataUrl, state: 'done' });
        } else {
          await converse(command.text, answer, leaving.signal);
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
      }
    } finally {
      underWay = undefined;
      conversation.isAnswering = false;
    }
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
    message: string,
    answer: { text: string; state: string },
    signal: AbortSignal,
  ): Promise<void> {
    const { characterId, model } = conversation.kept;
    await streamChat(
      {
        message,
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
