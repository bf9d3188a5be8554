import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { ChatProvider, CompletionRequest, Persona } from './provider.ts';
import { CHINESE, ENGLISH, type StoryWords } from './story-words.ts';
import { loadTokenCounter } from './tokens.ts';

const BASIC = 'storyteller';
const ADVANCED = 'storyteller-plus';
const SAID_LENGTH_MAX = 24;

/**
 * The built-in storyteller: answers without a network, always the same to the same message, in
 * Chinese where the message has Chinese characters, else in English.
 */
export const storyteller: ChatProvider = {
  models: [
    { id: BASIC, name: 'Storyteller', advanced: false },
    { id: ADVANCED, name: 'Storyteller Plus', advanced: true },
  ],
  maxOutputTokens: 400,

  async *complete({ model, messages, persona, maxTokens, signal }: CompletionRequest) {
    const counter = await loadTokenCounter();
    const message = messages.at(-1)?.content ?? '';
    let left = maxTokens;
    for (const text of chunks(tellStory(message, persona, model === ADVANCED))) {
      left -= counter.countText(text);
      if (left < 0) return;
      yield { kind: 'text', text };
      // Lets other requests go on between two chunks, as a network would.
      await setImmediate();
      signal.throwIfAborted();
    }
  },
};

/** Pure: message, persona and model decide every word. */
export function tellStory(
  message: string,
  persona: Persona | undefined,
  advanced: boolean,
): string {
  const chinese = /\p{Script=Han}/u.test(message);
  const words = chinese ? CHINESE : ENGLISH;
  const choices = createHash('sha256')
    .update(JSON.stringify([message, persona?.name, advanced]))
    .digest();
  const pick = (list: string[], nth: number) => list[choices.readUInt8(nth) % list.length] ?? '';
  const fill = (sentence: string) =>
    sentence
      .replace('{name}', () => persona?.name ?? words.narrator)
      .replace('{said}', () => excerpt(message));
  const sentences = [
    pick(words.echo, 0),
    pick(words.scene, 1),
    pick(words.turn, 2),
    ...(advanced ? details(words, choices.readUInt8(3)) : []),
    pick(words.question, 4),
  ].map(fill);
  return sentences.map(capitalize).join(chinese ? '' : ' ');
}

function details(words: StoryWords, first: number): string[] {
  return [0, 1].map((n) => words.detail[(first + n) % words.detail.length] ?? '');
}

/** The first words of what was said, without the marks that would look odd inside quotation marks. */
function excerpt(message: string): string {
  const line = message.replace(/[\s“”"]+/gu, ' ').trim();
  const characters = [...line];
  if (characters.length <= SAID_LENGTH_MAX) return line.replace(/[.。,，!！]+$/u, '');
  return `${characters.slice(0, SAID_LENGTH_MAX).join('').trimEnd()}…`;
}

function capitalize(sentence: string): string {
  return sentence.replace(/^\p{Ll}/u, (letter) => letter.toUpperCase());
}

/** A few words in English, a few characters in Chinese: small enough to be seen coming. */
function chunks(story: string): string[] {
  return story.match(/\p{Script=Han}{1,4}|(?:[^\p{Script=Han}\s]+\s*){1,2}|\s+/gu) ?? [];
}
