import { expect, test } from 'vitest';
import { attemptOf } from '../attempt.ts';

const as = (code: string | null) => ({ failure: code === null ? null : { code, message: code } });
const untried = { attemptCount: 0, isProcessing: false, requiresAction: false, ...as(null) };
const tried = { ...untried, attemptCount: 1 };

test.each([
  ['nobody has tried', untried, 'none'],
  ['a bank takes its days', { ...tried, isProcessing: true }, 'processing'],
  ['and Stripe has not counted it', { ...untried, isProcessing: true }, 'processing'],
  [
    'and what failed before it is told',
    { ...tried, ...as('declined'), isProcessing: true },
    'processing',
  ],
  ['the bank wants its owner', { ...tried, requiresAction: true }, 'asks'],
  ['and so before anything was tried', { ...untried, requiresAction: true }, 'asks'],
  [
    'it wanted them, and they were not there',
    { ...tried, ...as('authentication_required') },
    'asks',
  ],
  ['the money did not come', { ...tried, ...as('insufficient_funds') }, 'declined'],
  ['there was nothing to try', tried, 'declined'],
] as const)('an open invoice of which %s', (_what, invoice, attempt) => {
  expect(attemptOf(invoice)).toBe(attempt);
});
