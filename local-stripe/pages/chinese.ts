/** What Chinese stands beside without a space: its letters and full-width marks. */
const CHINESE = '[\\p{Script=Han}，。、；：！？（）“”…]';
const AFTER_CHINESE = new RegExp(`(?<=${CHINESE}) $`, 'u');
const BEFORE_CHINESE = new RegExp(`^ (?=${CHINESE})`, 'u');
const BETWEEN_CHINESE = new RegExp(`(?<=${CHINESE}) (?=${CHINESE})`, 'gu');
/** Stands for a space of a value's own. */
const OWN_SPACE = '\uE000';

type Fill = (...values: unknown[]) => string;

/**
 * Chinese words with their sentences filled as Chinese is set: beside a hole they are written with a
 * space, which Latin letters and digits need; where the value begins or ends in Chinese, as a date
 * does, it goes. The spaces inside a value stay.
 */
export function setChinese<Words extends object>(words: Words): Words {
  const set = Object.entries(words).map(([name, word]: [string, unknown]) => {
    if (typeof word === 'function') return [name, closing(word as Fill)];
    return [name, typeof word === 'object' && word !== null ? setChinese(word) : word];
  });
  return Object.fromEntries(set) as Words;
}

function closing(fill: Fill): Fill {
  return (...values) => {
    const kept = values.map((value) =>
      typeof value === 'string' ? value.replaceAll(' ', OWN_SPACE) : value,
    );
    return fill(...kept)
      .replace(BETWEEN_CHINESE, '')
      .replaceAll(OWN_SPACE, ' ');
  };
}

/** `text` with `name` in Chinese wherever it stands, the spaces gone that Chinese needs no more. */
export function nameInChinese(text: string, name: string, chinese: string): string {
  const parts = text.split(name);
  const opens = BEFORE_CHINESE.test(` ${chinese}`);
  const ends = AFTER_CHINESE.test(`${chinese} `);
  return parts
    .map((part, at) => (at > 0 && ends ? part.replace(BEFORE_CHINESE, '') : part))
    .map((part, at) => (at < parts.length - 1 && opens ? part.replace(AFTER_CHINESE, '') : part))
    .join(chinese);
}
