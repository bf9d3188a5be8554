import { describe, expect, test } from 'vitest';
import {
  parsePacks,
  parsePlans,
  PLANS_FILE,
  readPacksFile,
  readPlansFile,
} from '../catalogue/plans-file.ts';

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
    rates: {},
    overage: {},
    rollover: {},
  });
  // Nobody means eight times eight.
  expect(parsePlans(file(plan().replace('50_000', '0100')), 'a')[1]!.limits.messages).toBe(100);
  const rated = parsePlans(file(plan(['rates: {llm_tokens: 1, images: 2_000_000}'])), 'a.yaml');
  expect(rated[1]!.rates).toEqual({ llm_tokens: 1, images: 2_000_000 });
});

test('a part of a limit may roll over, in percent; of 0 nothing does', () => {
  const pro = plan(['rollover: {messages: 50, images: 100, api_calls: 0}']);
  expect(parsePlans(file(pro), 'a.yaml')[1]!.rollover).toEqual({ messages: 50, images: 100 });
});

test('12.4 overage is sold by currency, in minor units that may have decimals', () => {
  const sold = parsePlans(file(plan(['overage: {cny: 12, usd: 1.8}'])), 'a.yaml')[1]!;
  expect(sold.overage).toEqual({ cny: '12', usd: '1.8' });
});

test('13 seats are those of the file, and not told where it names none', () => {
  const seats = (text: string) => parsePlans(text, 'a.yaml').map((one) => one.seats);
  expect(seats(file(plan(['seats: 3'])))).toEqual([undefined, 3, undefined]);
  expect(readPlansFile(PLANS_FILE).map((one) => one.seats)).toEqual([1, 1, 10]);
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
    ['a number to the base of 60', file(plan().replace('50_000', '1:30')), /messages: takes whole/],
    ['a number to the base of 16', file(plan().replace('50_000', '0x64')), /messages: takes whole/],
    [
      'a name of two lines',
      file(plan().replace('name: A', 'name: "A\\nB"')),
      /name: takes one line/,
    ],
    ['a NUL', file(plan().replace('name: A', 'name: "A\\0"')), /^a\.yaml has a NUL character/],
    ['half a character', file(plan().replace('name: A', 'name: "\\uD800"')), /^a\.yaml has a NUL/],
    [
      'what unfolds to more than a file',
      `a: &a [${'x,'.repeat(99)}]\nb: &b [${'*a,'.repeat(99)}]\nc: [${'*b,'.repeat(99)}]\n`,
      /^a\.yaml cannot be read: /,
    ],
    ['a word', file(plan().replace('50_000', 'many')), /limits\.messages: takes whole units/],
    ['a rate of nothing', file(plan(['rates: {images: 0}'])), /rates\.images: takes whole micro/],
    [
      'more than all rolls over',
      file(plan(['rollover: {images: 101}'])),
      /rollover\.images: takes/,
    ],
    ['less than nothing does', file(plan(['rollover: {images: -1}'])), /rollover\.images: takes/],
    ['half a percent does', file(plan(['rollover: {images: 0.5}'])), /takes whole percents/],
    ['overage for nothing', file(plan(['overage: {cny: 0}'])), /overage\.cny: takes minor units/],
    [
      'overage to more decimals than count',
      file(plan(['overage: {cny: 1.1234567}'])),
      /overage\.cny: takes .* 6 decimals/,
    ],
    [
      'a currency that is none',
      file(plan(['overage: {CNY: 1}'])),
      /overage\.CNY: takes the three small/,
    ],
    [
      'a currency that is not there',
      file(plan(['overage: {cyn: 1}'])),
      /overage\.cyn: takes the three small/,
    ],
    [
      'overage on free',
      file().replace('  free:\n', '  free:\n    overage: {cny: 1}\n'),
      /free\.overage: is not sold on free/,
    ],
    ['half a rate', file(plan(['rates: {images: 0.5}'])), /rates\.images: takes whole micro/],
    ['a rate of what is none', file(plan(['rates: {songs: 1}'])), /pro\.rates: .*songs/],
    ['no people', file(plan(['seats: 0'])), /plans\.pro\.seats: takes whole numbers of people/],
    ['no name', file(plan().replace('name: A', "name: ' '")), /plans\.pro\.name: /],
    ['a key twice', file(plan(['name: B'])), /is not YAML: Map keys must be unique/],
  ])('%s', (_, text, sentence) => {
    expect(() => parsePlans(text, 'a.yaml')).toThrow(sentence);
  });
});

test.each(['__proto__', 'constructor', 'toString'])(
  '12.1 the key %s is refused wherever nobody knows it',
  (key) => {
    const packs = `packs: {a: {credits: 1, valid_days: 1, amounts: {cny: 600, ${key}: 600}}}\n`;
    for (const text of [
      `${file()}${key}: 1\n`,
      file(plan([`${key}: 1`])),
      file(plan([`rates: {${key}: 1}`])),
      file(plan([`overage: {${key}: 1}`])),
      `${file()}packs: {${key}: {}}\n`,
      file() + packs,
    ]) {
      expect(() => parsePlans(text, 'a.yaml')).toThrow(key);
    }
  },
);

describe('12.3 packs in the file', () => {
  const withPack = (lines: string[], id = 'small') =>
    `${file()}packs:\n  ${id}:\n${lines.map((line) => `    ${line}\n`).join('')}`;
  const good = ['credits: 60', 'valid_days: 365', 'amounts: {cny: 600, usd: 99}'];
  const changed = (from: string, to: string) =>
    withPack(good.map((line) => line.replace(from, to)));

  test('the file that comes with the product has packs from ¥6 to ¥68, and dollars', () => {
    const packs = readPacksFile(PLANS_FILE)!;
    const amounts = packs.map((pack) => pack.amounts.map(({ amountMinor }) => amountMinor));
    expect(amounts).toEqual([
      [600, 99],
      [3_000, 499],
      [6_800, 999],
    ]);
    expect(packs.every(({ validDays }) => validDays === 365)).toBe(true);
  });

  test('the first currency stays the first, and no bonus is none', () => {
    expect(parsePacks(withPack(good), 'a.yaml')).toEqual([
      {
        id: 'small',
        credits: 60,
        bonus: 0,
        validDays: 365,
        amounts: [
          { currency: 'cny', amountMinor: 600 },
          { currency: 'usd', amountMinor: 99 },
        ],
      },
    ]);
  });

  test('a file may say nothing of packs, or that there are none', () => {
    expect(parsePacks(file(), 'a.yaml')).toBeUndefined();
    expect(parsePacks(`${file()}packs: {}\n`, 'a.yaml')).toEqual([]);
  });

  test.each([
    ['no credits', changed('60', '0'), /packs\.small\.credits: takes a whole number from 1/],
    ['half a credit', changed('60', '0.5'), /packs\.small\.credits: takes a whole number/],
    ['no days', changed('365', '0'), /packs\.small\.valid_days: takes a whole number from 1/],
    ['a field that nobody knows', withPack([...good, 'colour: red']), /packs\.small: .*colour/],
    ['no currency', changed('{cny: 600, usd: 99}', '{}'), /amounts: names no currency/],
    [
      'a currency that is none',
      changed('usd', 'dollars'),
      /amounts\.dollars: takes the three small letters/,
    ],
    [
      'what Stripe would not charge',
      changed('600', '20'),
      /below the smallest that Stripe charges/,
    ],
    ['yuan in place of fen', changed('600', '6.5'), /amounts\.cny: takes a whole number/],
    ['a name with blanks', withPack(good, '"my pack"'), /packs\.my pack: takes small letters/],
    ['a name that is false to YAML', withPack(good, 'no'), /the key no is no text to YAML/],
  ])('%s', (_, text, sentence) => {
    expect(() => parsePacks(text, 'a.yaml')).toThrow(sentence);
  });
});
