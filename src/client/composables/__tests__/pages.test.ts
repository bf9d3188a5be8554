import { expect, test } from 'vitest';
import { ApiProblem } from '../../services/api-problem.ts';
import { usePages } from '../usePages.ts';

type Page = { items: string[]; nextCursor: string | null };

/** Pages whose reads are answered by hand, in the order in which they were asked for. */
function asked() {
  const reads: { cursor: string | null; answer: (page: Page) => void; fail: () => void }[] = [];
  const pages = usePages<string>(
    (cursor) =>
      new Promise((answer, reject) => {
        reads.push({ cursor, answer, fail: () => reject(new ApiProblem(0, 'network')) });
      }),
  );
  return { pages, reads };
}

test('a list that is to be read anew while it is read shows what was asked for last', async () => {
  const { pages, reads } = asked();
  const first = pages.restart();
  await pages.restart();
  await pages.restart();
  expect(reads).toHaveLength(1);
  reads[0]!.answer({ items: ['before'], nextCursor: 'a' });
  await expect.poll(() => reads.length).toBe(2);
  expect(pages.items.value).toEqual([]);
  reads[1]!.answer({ items: ['after'], nextCursor: 'b' });
  await first;
  expect(reads.map(({ cursor }) => cursor)).toEqual([null, null]);
  expect(pages.items.value).toEqual(['after']);
  expect(pages.isBusy.value).toBe(false);
});

test('another search while more is fetched, or fails to be, begins from the first page', async () => {
  for (const end of ['answer', 'fail'] as const) {
    const { pages, reads } = asked();
    const begun = pages.restart();
    reads[0]!.answer({ items: ['one'], nextCursor: 'a' });
    await begun;
    const more = pages.more();
    expect(reads[1]!.cursor).toBe('a');
    await pages.restart();
    reads[1]![end]({ items: ['two'], nextCursor: null });
    await expect.poll(() => reads.length).toBe(3);
    reads[2]!.answer({ items: ['other'], nextCursor: null });
    await more;
    expect(reads[2]!.cursor).toBeNull();
    expect(pages.items.value).toEqual(['other']);
    expect(pages.problem.value).toBeNull();
  }
});
