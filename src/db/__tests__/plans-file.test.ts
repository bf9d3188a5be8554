import { describe, expect, test } from 'vitest';
import { parsePlans, PLANS_FILE, readPlansFile } from '../plans-file.ts';

const plan = (changes: string[] = []) =>
  [
    'name: A',
    'features: [basic_chat]',
    'limits: {llm_tokens: 1, messages: 50_000, images: unlimited, api_calls: 0}',
    ...changes,
  ]
    .map((line) => `    ${line}`)
    .join('\n');
const file = (pro = plan()) => `plans:\n  free:\n${plan()}\n  pro:\n${pro}\n  team:\n${plan()}\n`;

test('12.1 the file that comes with the product has all plans, cheapest first', () => {
  expect(readPlansFile(PLANS_FILE).map((one) => one.plan)).toEqual(['free', 'pro', 'team']);
});

test('12.1 numbers may be grouped, and unlimited is a word', () => {
  expect(parsePlans(file(), 'a.yaml')[1]).toEqual({
    plan: 'pro',
    name: 'A',
    features: ['basic_chat'],
    limits: { llm_tokens: 1, messages: 50_000, images: null, api_calls: 0 },
  });
});

describe('12.1 what a file has wrong is told with its place', () => {
  test.each([
    ['no YAML', 'plans: {', /^a\.yaml is not YAML: /],
    ['nothing', '', /^a\.yaml: the file: /],
    ['a plan is missing', 'plans: {}', /^a\.yaml: plans\.free: /],
    ['a plan that is none', file().replace('team:', 'teams:'), /^a\.yaml: plans/],
    ['a field that nobody knows', file(plan(['price: 3'])), /^a\.yaml: plans\.pro: .*price/],
    ['a feature that is none', file(plan().replace('basic_chat', 'x')), /plans\.pro\.features\.0/],
    [
      'a feature twice',
      file(plan().replace('[basic_chat]', '[basic_chat, basic_chat]')),
      /plans\.pro\.features: names a feature twice/,
    ],
    [
      'a limit is missing',
      file(plan().replace('messages: 50_000, ', '')),
      /limits\.messages: takes/,
    ],
    ['less than nothing', file(plan().replace('50_000', '-1')), /limits\.messages: takes/],
    ['half a unit', file(plan().replace('50_000', '0.5')), /limits\.messages: takes/],
    ['too much to count', file(plan().replace('50_000', '1e30')), /limits\.messages: takes/],
    ['a word', file(plan().replace('50_000', 'many')), /limits\.messages: takes whole units/],
    ['no name', file(plan().replace('name: A', "name: ' '")), /plans\.pro\.name: /],
    ['a key twice', file(plan(['name: B'])), /is not YAML: Map keys must be unique/],
  ])('%s', (_, text, sentence) => {
    expect(() => parsePlans(text, 'a.yaml')).toThrow(sentence);
  });
});
