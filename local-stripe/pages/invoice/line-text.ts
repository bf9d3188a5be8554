import type { Interval } from '../words/en.ts';
import type { Page } from '../page.ts';

/**
 * An invoice keeps the English text of its lines, as Stripe's API answers it. This is what the line
 * says in the page's language; what a person wrote stays as it is.
 */
export function lineText(page: Page, written: string): string {
  if (page.language === 'en') return written;
  const words = page.words.invoice.lines;
  const rest = /^(Unused|Remaining) time on (.+) after (\d{2} \w{3} \d{4})$/.exec(written);
  if (rest) {
    const date = page.date(Date.parse(`${rest[3]} UTC`) / 1000);
    return (rest[1] === 'Unused' ? words.unused : words.remaining)(rest[2]!, date);
  }
  const trial = /^(?:Free trial for|Trial period for) (.+)$/.exec(written);
  if (trial) return words.trial(trial[1]!);
  const rate =
    /^(.+) \((?:Tier (\d+) )?at (.+) \/ (?:every (\d+) )?(day|week|month|year)s?\)$/.exec(written);
  if (!rate) return written;
  const [, what, tier, amount, count, interval] = rate;
  const per = page.words.per(interval as Interval, Number(count ?? 1));
  const local = amount!.replace(/^CN¥/, '¥');
  return words.rate(what!, `${per} ${local}`, tier === undefined ? null : Number(tier));
}
