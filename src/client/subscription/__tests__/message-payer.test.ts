import { expect, test } from 'vitest';
import { describeUsage } from '../../../domain/quota.ts';
import { messagePayer } from '../message-payer.ts';

const RATE = 100_000;
const messages = (used: number, held = 0) =>
  describeUsage('messages', used, held, 100, { used: 0, held: 0, rateMicro: RATE });
const tokens = (used: number) =>
  describeUsage('llm_tokens', used, 0, 100, { used: 0, held: 0, rateMicro: 200 });
const credits = (balance: number, messages: number, tokens = 5_000) => ({
  balance,
  spendable: { messages, llm_tokens: tokens, images: 0, api_calls: 0 },
});

test.each([
  ['the quota pays', messages(99), tokens(99), credits(0, 1), 'plan'],
  ['the quota pays, before more is known', messages(99), tokens(0), undefined, 'plan'],
  [
    'it is used up, and not known what else there is',
    messages(100),
    tokens(0),
    undefined,
    'unknown',
  ],
  ['credits pay', messages(100), tokens(0), credits(RATE, 1), 'credits'],
  ['credits pay for tokens', messages(0), tokens(100), credits(RATE, 101), 'credits'],
  [
    'credits pay while the last one is held',
    messages(99, 1),
    tokens(0),
    credits(RATE, 1),
    'credits',
  ],
  ['overage pays', messages(100), tokens(0), credits(0, 500), 'overage'],
  ['overage pays what credits do not', messages(100), tokens(100), credits(RATE, 500), 'overage'],
  ['nothing pays', messages(100), tokens(0), credits(RATE - 1, 0), 'nothing'],
  ['nothing pays for tokens', messages(0), tokens(100), credits(0, 100, 0), 'nothing'],
] as const)('12.3 a message is paid for: %s', (_what, ofMessages, ofTokens, known, payer) => {
  expect(messagePayer([ofMessages, ofTokens], known)).toBe(payer);
});

test('12.3 without a limit the quota pays', () => {
  expect(messagePayer([describeUsage('messages', 500, 0, null), tokens(0)], undefined)).toBe(
    'plan',
  );
});
