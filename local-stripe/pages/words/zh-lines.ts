import type { enLines } from './en-lines.ts';

/** What the lines of an invoice say, in Chinese. */
export const zhLines: typeof enLines = {
  unused: (name, date) => `${name} 自 ${date} 起的未用时间`,
  remaining: (name, date) => `${name} 自 ${date} 起的剩余时间`,
  trial: (name) => `${name} 试用期`,
  rate: (what, rate, tier) =>
    tier === null ? `${what}（${rate}）` : `${what}（第 ${tier} 档，${rate}）`,
};
