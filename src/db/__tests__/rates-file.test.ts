import { expect, test } from 'vitest';
import { parseRates, RATES_FILE, readRatesFile } from '../catalogue/rates-file.ts';

const one = '{ input: 1, cached: 1, output: 1 }';

test('12.6 the card that comes with the product weighs every token 1', () => {
  const weights = { input: 1_000_000, cached: 1_000_000, output: 1_000_000 };
  expect(readRatesFile(RATES_FILE)).toEqual({ '*': weights });
});

test('12.6 weights are read exactly, to the millionth', () => {
  const text = `llm_tokens:\n  deep/v3.1: { input: 0.1, cached: 0.000001, output: 1.234567 }`;
  expect(parseRates(text, 'r.yaml')).toEqual({
    'deep/v3.1': { input: 100_000, cached: 1, output: 1_234_567 },
  });
});

test.each([
  ['no YAML', 'llm_tokens: [', 'r.yaml is not YAML'],
  ['nothing', '', 'r.yaml: the file:'],
  ['no model', 'llm_tokens: {}', 'r.yaml: llm_tokens: names no model.'],
  ['a resource without tokens', `images: ${one}`, 'r.yaml: llm_tokens:'],
  ['a kind that is missing', 'llm_tokens: { a: { input: 1, output: 1 } }', 'llm_tokens.a.cached:'],
  ['a kind nobody knows', `llm_tokens: { a: { input: 1, cached: 1, output: 1, x: 1 } }`, '"x"'],
  ['a free one', 'llm_tokens: { a: { input: 1, cached: 0, output: 1 } }', 'above 0'],
  ['a negative one', 'llm_tokens: { a: { input: -1, cached: 1, output: 1 } }', 'above 0'],
  ['a model that zod passes over', `llm_tokens: { __proto__: ${one}, a: ${one} }`, '__proto__'],
  [
    'a seventh decimal',
    'llm_tokens: { a: { input: 0.0000001, cached: 1, output: 1 } }',
    'decimals',
  ],
  ['one beyond reason', 'llm_tokens: { a: { input: 1001, cached: 1, output: 1 } }', 'up to 1,000'],
  ['words', 'llm_tokens: { a: { input: dear, cached: 1, output: 1 } }', 'takes units a token'],
  [
    'cached above input',
    'llm_tokens: { a: { input: 1, cached: 2, output: 1 } }',
    'is at most input',
  ],
])('12.6 a file with %s is refused in a sentence', (_case, text, sentence) => {
  expect(() => parseRates(text, 'r.yaml')).toThrow(sentence);
});

test.each(['4.10', '1_000', 'on', '2026-01-01', '~', 'null', '[a, b]'])(
  '12.6 a model %s, which YAML takes for no name, is refused until it is quoted',
  (model) => {
    const text = (key: string) => `llm_tokens:\n  '*': ${one}\n  ? ${key}\n  : ${one}\n`;
    expect(() => parseRates(text(model), 'r.yaml')).toThrow(/^r\.yaml: the key .* quotes\.$/);
    expect(Object.keys(parseRates(text(`'${model}'`), 'r.yaml'))).toEqual(['*', model]);
  },
);

test('12.6 a model may take over what another weighs', () => {
  const text = `llm_tokens:\n  a: &a ${one}\n  b: { <<: *a, output: 2 }\n`;
  expect(parseRates(text, 'r.yaml')['b']).toMatchObject({ input: 1_000_000, output: 2_000_000 });
});
