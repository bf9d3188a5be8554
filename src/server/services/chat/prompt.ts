import type { ChatMessage, Persona } from './upstream/provider.ts';

const SYSTEM =
  'You are role-playing in a chat at Small Squaretable. Answer in the language of the user, in character, in a few short paragraphs.';

/** The conversation sent to the model: who it plays, how that one greeted, what was said. */
export function buildMessages(message: string, persona: Persona | undefined): ChatMessage[] {
  if (!persona) {
    return [
      { role: 'system', content: SYSTEM },
      { role: 'user', content: message },
    ];
  }
  const character = `${SYSTEM}\nYou play ${persona.name}. ${persona.description}`;
  return [
    { role: 'system', content: character },
    { role: 'assistant', content: persona.greeting },
    { role: 'user', content: message },
  ];
}
