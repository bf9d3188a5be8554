import { expect, test } from 'vitest';
import { sourceFiles } from './files.ts';

/**
 * What customers read is written in these files, whoever adds to them. One name per thing and one
 * form of address, and plain words: each row is what is not said, and what is said instead.
 */
const CHINESE = /(^src\/client\/i18n\/zh-CN\/|\.zh\.ts$|^local-stripe\/pages\/words\/zh)/;
const ENGLISH = /(^src\/client\/i18n\/en\/|\.en\.ts$|^local-stripe\/pages\/words\/en)/;

const NOT_IN_CHINESE: [RegExp, string][] = [
  [/您/, '你'],
  [/Small Squaretable/, '小方桌, from src/domain/product.ts'],
  [/重新计算/, '重置'],
  [/已付费的时段|已开始的时段/, '当前计费周期'],
  [/扣款没有成功|扣款失败|没有扣款成功/, '扣款未成功'],
  [/付款没有成功/, '付款未成功'],
  [/没能算出/, '暂时无法计算差价'],
  [/支付账单|付款或验证|完成付款/, '立即付款'],
  [/参考编号/, '请求编号'],
  [/未收回|无法收款/, '无法收回'],
  [/接口(密钥|调用|文档)/, 'API 密钥, API 调用, API 文档'],
  [/(?<!（)词元/, 'token（词元）'],
  [/按月|按年/, '月付, 年付'],
  [/'是谁'/, '角色设定'],
  [/桌名|这张桌子/, '空间名称'],
  [/'暂不'/, '取消'],
  [/发票/, '账单'],
  [/套餐/, '方案'],
  [/没有扣款，请/, 'nothing about charges where nobody knows'],
];

const NOT_IN_ENGLISH: [RegExp, string][] = [
  [/enjoy your/i, 'nothing'],
  [/\bevening\b|\bevery night\b/i, 'nothing'],
  [/\bby (itself|themselves|ourselves)\b/i, 'automatically'],
  [/a slip in/i, 'not right'],
  [/pull up a chair|take your seat|at (your|small) tables?\b|who sits/i, 'what it is'],
  [/\bstarts again on\b|count starts again/i, 'resets on'],
  [/'Noted/, 'what was done'],
  [/a bit fast/i, 'Too many requests'],
  [/'Not now'/, 'Cancel'],
  [/Your payment is safe/i, 'what is known'],
  [/on our side\. Nothing was charged/i, 'nothing about charges where nobody knows'],
  [/'Small Squaretable'/, 'PRODUCT_NAME of src/domain/product.ts'],
];

const FILES = [...sourceFiles('src'), ...sourceFiles('local-stripe/pages')];

const strings = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');

function found(files: RegExp, words: [RegExp, string][]): string[] {
  return FILES.filter(({ path }) => files.test(path) && !path.includes('__tests__')).flatMap(
    ({ path, text }) =>
      strings(text)
        .split('\n')
        .flatMap((line) =>
          words
            .filter(([word]) => word.test(line))
            .map(([word, instead]) => `${path}: ${line.trim()} — not ${word}, but ${instead}`),
        ),
  );
}

test('13.9 13.10 Chinese has one name for a thing, one form of address, and the words of its readers', () => {
  expect(found(CHINESE, NOT_IN_CHINESE)).toEqual([]);
});

test('13.10 English says what is so, and plays with no words', () => {
  expect(found(ENGLISH, NOT_IN_ENGLISH)).toEqual([]);
});

test('13.9 the words of pages, mails and the local Stripe are all looked at', () => {
  const looked = (files: RegExp) => FILES.filter(({ path }) => files.test(path)).length;
  expect(looked(CHINESE)).toBeGreaterThanOrEqual(17);
  expect(looked(ENGLISH)).toBeGreaterThanOrEqual(17);
});
