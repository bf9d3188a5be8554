import type { TurnState } from './conversations.ts';

export interface ConversationView {
  id: string;
  title: string;
  /** `null` for the storyteller, and when the character is gone. */
  characterId: string | null;
  /** As they were when it began; `null` for the storyteller. */
  characterName: string | null;
  greeting: string | null;
  createdAt: string;
  /** When something was last said in it. */
  updatedAt: string;
}

export interface ConversationTurnView {
  id: string;
  who: 'reader' | 'character';
  /** Of a picture, what it shows. */
  text: string;
  /** A `data:` URL; `null` for what is said. */
  imageUrl: string | null;
  state: TurnState;
  at: string;
}

export interface ConversationPage extends ConversationView {
  /** In the order in which they were said. */
  turns: ConversationTurnView[];
  /** For `before`, when there is more before these. */
  earlier: number | null;
}
