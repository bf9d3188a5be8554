import { expect, test } from 'vitest';
import { buildMessages } from '../../prompt.ts';
import { storyteller, tellStory } from '../storyteller.ts';
import { loadTokenCounter } from '../tokens.ts';

const mira = { name: 'Mira', description: 'Draws maps.', greeting: 'Where to?' };

async function tell(message: string, maxTokens = 400, model = 'storyteller') {
  const { signal } = new AbortController();
  const messages = buildMessages(message, mira);
  const chunks: string[] = [];
  for await (const event of storyteller.complete({
    model,
    messages,
    persona: mira,
    maxTokens,
    signal,
  })) {
    if (event.kind === 'text') chunks.push(event.text);
  }
  return chunks;
}

test.each([
  ['en', 'Tell me about the sea', /^[\x20-\x7e“”’–…]+$/u],
  ['zh', '给我讲讲大海', /^[\p{Script=Han}，。？：“”—、Mira]+$/u],
])('it answers in %s as it was asked', async (_language, message, alphabet) => {
  const story = (await tell(message)).join('');
  expect(story).toMatch(alphabet);
  expect(story).toContain('Mira');
  expect(story).toContain(message);
  expect(story.length).toBeGreaterThan(60);
});

test('the same message gets the same story, another one another', async () => {
  expect(await tell('the sea')).toEqual(await tell('the sea'));
  expect(new Set(['a', 'b', 'c', 'd', 'e'].map((m) => tellStory(m, mira, false))).size).toBe(5);
});

test('it comes in small pieces that make the whole', async () => {
  const chunks = await tell('给我讲讲大海');
  expect(chunks.join('')).toBe(tellStory('给我讲讲大海', mira, false));
  expect(chunks.length).toBeGreaterThan(20);
  expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThan(8);
});

test('the advanced model tells more', () => {
  expect(tellStory('the sea', mira, true).length).toBeGreaterThan(
    tellStory('the sea', mira, false).length * 1.3,
  );
});

test.each([1, 10, 40])('it keeps to %i tokens', async (maxTokens) => {
  const counter = await loadTokenCounter();
  const story = (await tell('给我讲讲大海', maxTokens)).join('');
  expect(counter.countText(story)).toBeLessThanOrEqual(maxTokens);
});

test('marks in a message stay text', () => {
  const story = tellStory('$& {name} “x”\n<script>', undefined, false);
  expect(story).toContain('$& {name} x <script>');
  expect(story).toContain('he storyteller');
});

test('it stops when told', async () => {
  const stop = new AbortController();
  const events = storyteller.complete({
    model: 'storyteller',
    messages: buildMessages('hello', undefined),
    persona: undefined,
    maxTokens: 400,
    signal: stop.signal,
  });
  await events.next();
  stop.abort();
  await expect(events.next()).rejects.toMatchObject({ name: 'AbortError' });
});
