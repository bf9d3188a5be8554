/** How many conversations a person may keep in a tenant, and how much is said in one. */
export const CONVERSATIONS_MAX = { perPerson: 200, turns: 2_000 } as const;

/** Characters of a title, and of one thing said that are kept. */
export const TITLE_LENGTH_MAX = 120;
export const TURN_LENGTH_MAX = 64_000;

/** Things said on a page of one conversation. */
export const TURNS_PER_PAGE_MAX = 200;

export type TurnState = 'done' | 'streaming' | 'stopped' | 'broken';

/** A title from the first thing said: its first line, cut at a word where there is one. */
export function titleOf(said: string): string {
  const line = said.trim().split('\n', 1)[0]!.trim();
  const letters = [...line];
  if (letters.length <= 60) return line;
  const cut = letters.slice(0, 60).join('');
  const atWord = cut.replace(/\s+\S*$/, '');
  return `${atWord.length >= 30 ? atWord : cut}…`;
}
