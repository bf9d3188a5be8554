import { expect, test } from 'vitest';
import { titleOf } from '../conversations.ts';

test.each([
  ['Hello there', 'Hello there'],
  ['  Hello\nand more', 'Hello'],
  [
    'Tell me a story about a lighthouse keeper who counts the ships that pass',
    'Tell me a story about a lighthouse keeper who counts the…',
  ],
  ['长'.repeat(61), `${'长'.repeat(60)}…`],
  ['👩‍🚀'.repeat(10), '👩‍🚀'.repeat(10)],
])('13 a conversation is called after what was said first: %s', (said, title) => {
  expect(titleOf(said)).toBe(title);
});
