/** The two languages the pages speak. Every other locale of Stripe's list is shown in English. */
export type Language = 'en' | 'zh';

/**
 * The language of a page: Stripe's `locale` where it names one, else the first language of
 * `Accept-Language` that we speak, in the order of its weights, else English.
 */
export function chooseLanguage(
  locale: string | null | undefined,
  acceptLanguage: string | null | undefined,
): Language {
  if (locale !== null && locale !== undefined && locale !== 'auto') {
    return speaks(locale) ?? 'en';
  }
  const wanted = (acceptLanguage ?? '')
    .split(',')
    .map((part, index) => {
      const [tag = '', ...parameters] = part.trim().split(';');
      const weight = parameters.find((parameter) => parameter.trim().startsWith('q='));
      const parsed = weight === undefined ? 1 : Number(weight.trim().slice(2));
      return { tag: tag.trim(), weight: Number.isFinite(parsed) ? parsed : 0, index };
    })
    .filter((entry) => entry.tag !== '' && entry.weight > 0)
    .sort((a, b) => b.weight - a.weight || a.index - b.index);
  for (const { tag } of wanted) {
    const language = speaks(tag);
    if (language !== null) return language;
  }
  return 'en';
}

function speaks(tag: string): Language | null {
  const primary = tag.toLowerCase().split('-')[0];
  return primary === 'zh' || primary === 'en' ? primary : null;
}
