import type { CharacterView } from '../../domain/api.ts';

/** What a tab keeps of the talk for its reader. */
export interface KeptChat {
  characterId: string;
  /** Who was asked to the table from a later page of the community, which the picker has not. */
  guest: CharacterView | null;
  model: string;
  draft: string;
  /** The conversation that is open with each character. */
  open: Record<string, string>;
}

export function readKept(key: string): Partial<KeptChat> | undefined {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? 'null') as Partial<KeptChat> | null;
    if (!kept) return undefined;
    const { characterId = '', guest = null, model = '', draft = '', open = {} } = kept;
    return { characterId, guest, model, draft, open };
  } catch {
    return undefined;
  }
}

export function writeKept(key: string, kept: KeptChat): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(kept));
  } catch {
    // Full or refused: it then lasts as long as the page.
  }
}
