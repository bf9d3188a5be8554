import { expect, test } from 'vitest';
import { contentLanguage, hueOf, initialOf, parseCommand } from '../turn.ts';

test.each([
  ['Where does the fog go?', 'message', 'Where does the fog go?'],
  ['/image a lighthouse ', 'image', 'a lighthouse'],
  ['/画 雪中的灯塔', 'image', '雪中的灯塔'],
  ['/image', 'message', '/image'],
  ['/imagery is a word', 'message', '/imagery is a word'],
])('%j is a %s', (input, kind, text) => {
  expect(parseCommand(input)).toEqual({ kind, text });
});

test('content is read out in the language it is written in', () => {
  expect(contentLanguage('剑客苏晚')).toBe('zh-CN');
  expect(contentLanguage('Inspector Grey')).toBe('en');
});

test('a name keeps its colour and its letter', () => {
  expect(hueOf('Mira')).toBe(hueOf('Mira'));
  expect(hueOf('Mira')).not.toBe(hueOf('Grey'));
  expect(initialOf(' mira')).toBe('M');
  expect(initialOf('')).toBe('?');
});
