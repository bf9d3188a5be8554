import { expect } from 'vitest';
import type { Story } from './story.ts';
import { isSandbox } from './subject.ts';

/**
 * The events since the last mark are these, and are forgotten. Here in this order; a sandbox keeps
 * no order within a second and may tell more (`charge.updated`), so there they have only to be in it.
 */
export async function expectEvents(story: Story, types: string[]): Promise<void> {
  const found = await story.types();
  if (isSandbox) expect(found).toEqual(expect.arrayContaining(types));
  else expect(found).toEqual(types);
  await story.mark();
}
