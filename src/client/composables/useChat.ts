import { shallowRef, type ShallowRef } from 'vue';
import { parseCommand } from '../chat/turn.ts';
import { toProblem, type ApiProblem } from '../services/api-problem.ts';
import { createImage, streamChat } from '../services/chat.api.ts';
import { useConversationStore } from '../stores/conversation.ts';
import { useFeatureGate } from './useFeatureGate.ts';

export interface Chat {
  problem: ShallowRef<ApiProblem | null>;
  /** Sends the draft as a message or, with `kind` or `/image`, as the wish for a picture. */
  send(kind: 'message' | 'image'): Promise<void>;
  stop(): void;
}

/** Talks to the character at the table. What a gate refuses goes back into the draft, unlost. */
export function useChat(): Chat {
  const conversation = useConversationStore();
  const gate = useFeatureGate();
  const problem = shallowRef<ApiProblem | null>(null);
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
    try {
      if (kind === 'image' || command.kind === 'image') {
        const image = await createImage(command.text);
        Object.assign(answer, { text: command.text, imageUrl: image.dataUrl, state: 'done' });
      } else {
        await converse(command.text, answer);
      }
    } catch (thrown) {
      const isStopped = underWay?.signal.aborted === true;
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

  async function converse(message: string, answer: { text: string; state: string }): Promise<void> {
    underWay = new AbortController();
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
      underWay.signal,
    );
    answer.state = 'done';
  }

  return { problem, send, stop: () => underWay?.abort() };
}
