import { describe, expect, test } from 'vitest';
import en from '../en/index.ts';
import zhCN from '../zh-CN/index.ts';

function leaves(node: object, prefix = ''): [key: string, message: string][] {
  return Object.entries(node).flatMap(([key, value]) =>
    typeof value === 'string'
      ? [[prefix + key, value]]
      : leaves(value as object, `${prefix}${key}.`),
  );
}

const english = leaves(en);
const chinese = leaves(zhCN);
const holes = (message: string) => (message.match(/\{\w+\}/g) ?? []).sort();

/** Names that stay as they are in Chinese; so do those that authorities give their numbers. */
const NAMES =
  /\b(Stripe|API|token|CSV|PDF|UTC|EN|Shift|image|mei|example|com|Authorization|Bearer)\b|\{[^}]*\}/g;

describe('the catalogues', () => {
  test('have the same keys', () => {
    expect(chinese.map(([key]) => key).sort()).toEqual(english.map(([key]) => key).sort());
  });

  test('have no empty message', () => {
    expect([...english, ...chinese].filter(([, message]) => message.trim() === '')).toEqual([]);
  });

  test('speak no Chinese in English', () => {
    expect(english.filter(([, message]) => /\p{Script=Han}/u.test(message))).toEqual([]);
  });

  test('speak no English in Chinese, but for names', () => {
    const spoken = chinese.filter(([key]) => !key.startsWith('billingDetails.kinds.'));
    expect(spoken.filter(([, message]) => /[A-Za-z]/.test(message.replace(NAMES, '')))).toEqual([]);
  });

  test('set no space between Chinese words', () => {
    const gap =
      /[\p{Script=Han}，。、；：！？（）“”…] +[\p{Script=Han}，。、；：！？（）“”…]|^ | $/u;
    expect(chinese.filter(([, message]) => gap.test(message))).toEqual([]);
  });

  // `fillChinese` takes the space away again beside a Chinese name.
  test('leave a space beside names that people gave', () => {
    const close =
      /\p{Script=Han}\{(?:name|title|team|tenant|email)\}|\{(?:name|title|team|tenant|email)\}\p{Script=Han}/u;
    expect(chinese.filter(([, message]) => close.test(message))).toEqual([]);
  });

  test('set Chinese stops beside Chinese words', () => {
    const stop = /\p{Script=Han}[,:;?!()]|[,:;?!()]\p{Script=Han}/u;
    expect(chinese.filter(([, message]) => stop.test(message))).toEqual([]);
  });

  test('leave the same holes in both languages', () => {
    const counterpart = new Map(chinese);
    // Of a plural, English may spell "one" out where Chinese counts.
    const uneven = english.filter(([key, message]) => {
      const other = counterpart.get(key)!;
      return !message.includes('|') && holes(message).join() !== holes(other).join();
    });
    expect(uneven).toEqual([]);
  });
});
