const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;
const HAN = /\p{Script=Han}/u;

/**
 * `items` as a sentence lists them: `A, B and C`. In Chinese the word before the last one keeps a space
 * from letters and digits, as all our Chinese does: `消息 5 和 API 调用 3`, but `图片和消息`.
 */
export function formatList(items: readonly string[], locale: string): string {
  const parts = new Intl.ListFormat(locale, { type: 'conjunction' }).formatToParts(items);
  return parts
    .map(({ type, value }, at) => {
      if (type === 'element' || !HAN.test(value)) return value;
      const [before = '', after = ''] = [parts[at - 1]?.value.at(-1), parts[at + 1]?.value[0]];
      return gap(before) + value + gap(after);
    })
    .join('');
}

function gap(beside: string): string {
  return LETTER_OR_DIGIT.test(beside) && !HAN.test(beside) ? ' ' : '';
}
