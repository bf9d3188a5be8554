import type { ConversationTurnView } from '../../domain/api.ts';

/** One thing said at the table. `text` is the prompt where `imageUrl` is set. */
export interface Turn {
  id: number;
  who: 'reader' | 'character';
  text: string;
  imageUrl?: string;
  state: 'done' | 'streaming' | 'stopped' | 'broken';
}

/** What the server has kept, as it is shown. What was being written elsewhere is not written on here. */
export function turnsOf(kept: readonly ConversationTurnView[]): Turn[] {
  return kept.map(({ who, text, imageUrl, state }, n) => ({
    ...{ id: n + 1, who, text },
    ...(imageUrl === null ? {} : { imageUrl }),
    state: state === 'streaming' ? 'stopped' : state,
  }));
}

/** `/image a lighthouse` draws; everything else is said. */
export function parseCommand(input: string): { kind: 'message' | 'image'; text: string } {
  const command = /^\/(?:image|img|画图?|图片)\s+([\s\S]+)$/i.exec(input.trim());
  return command
    ? { kind: 'image', text: command[1]!.trim() }
    : { kind: 'message', text: input.trim() };
}

/** The language a piece of content is written in, for the voice that reads it out. */
export function contentLanguage(text: string): 'zh-CN' | 'en' {
  return /\p{Script=Han}/u.test(text) ? 'zh-CN' : 'en';
}

/** A hue for a name: the same one every time, so that people know each other by their colour. */
export function hueOf(name: string): number {
  let hash = 7;
  for (const letter of name) hash = (hash * 31 + letter.codePointAt(0)!) % 3_600;
  return hash % 360;
}

/** What stands in the portrait: the first letter, or the last Chinese character of a short name. */
export function initialOf(name: string): string {
  return [...name.trim()][0]?.toUpperCase() ?? '?';
}
