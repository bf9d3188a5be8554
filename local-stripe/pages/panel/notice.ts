import type { Page } from '../page.ts';
import type { PanelVisit } from './frame.ts';

export const panelNotices = [
  'advanced',
  'cardNowFails',
  'cardWorks',
  'wasDisputed',
  'resent',
  'saved',
  'wasReset',
  'noPortal',
] as const;
export type PanelNotice = (typeof panelNotices)[number];

/** What the last button did, from `?done=`; or the sentence of what refused it, from `?error=`. */
export function readNotice(
  page: Page,
  query: URLSearchParams,
  nowSeconds: number,
): PanelVisit['notice'] {
  const { panel } = page.words;
  const error = query.get('error');
  if (error !== null) return { kind: 'bad', text: error.slice(0, 300) };
  const done = panelNotices.find((name) => name === query.get('done'));
  if (done === undefined) return null;
  if (done === 'advanced') return { kind: 'good', text: panel.advanced(page.dateTime(nowSeconds)) };
  return { kind: done === 'noPortal' ? 'bad' : 'good', text: panel[done] };
}

/** The page a button came from, with what it did. Only our own pages are gone back to. */
export function wayBack(
  back: string | undefined,
  result: { done: PanelNotice } | { error: string },
) {
  const own = back !== undefined && /^\/_control(\/|\?|$)/.test(back) ? back : '/_control';
  const url = new URL(own, 'http://localhost');
  for (const [name, value] of Object.entries(result)) url.searchParams.set(name, value);
  return `${url.pathname}${url.search}`;
}
