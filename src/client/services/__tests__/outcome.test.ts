import { expect, test } from 'vitest';
import en from '../../i18n/en/errors.ts';
import zhCN from '../../i18n/zh-CN/errors.ts';
import { ApiProblem, asChange, isOutcomeUnknown, problemOf } from '../api-problem.ts';

const ours = (status: number, code: string) =>
  problemOf(status, { code, error: '', requestId: 'r1', details: {} });

const rows: [string, ApiProblem, boolean][] = [
  ['no answer', new ApiProblem(0, 'network'), true],
  ['500 of ours', ours(500, 'internal'), true],
  ['500 of a proxy', problemOf(500, '<html>'), true],
  ['502 of a proxy', problemOf(502, undefined), true],
  ['503 of a proxy', problemOf(503, undefined), true],
  ['504 of a proxy', problemOf(504, {}), true],
  ['a database that went away', ours(503, 'database_unavailable'), true],
  ['the server does not know either', ours(503, 'outcome_unknown'), true],
  ['Stripe away, nothing was changed', ours(503, 'stripe_unavailable'), false],
  ['refused for being busy', ours(503, 'busy'), false],
  ['refused while starting', ours(503, 'not_ready'), false],
  ['declined', ours(402, 'payment_required'), false],
  ['changed meanwhile', ours(409, 'state_changed'), false],
  ['too often', problemOf(429, undefined), false],
];

test.each(rows)('13.1 of a change that met %s', async (_case, problem, isUnknown) => {
  expect(isOutcomeUnknown(problem)).toBe(isUnknown);
  const told = await asChange(Promise.reject(problem)).catch((thrown: ApiProblem) => thrown.code);
  const stays = !isUnknown || problem.code === 'outcome_unknown';
  expect(told).toBe(stays ? problem.code : 'unknown');
});

test('13.1 no sentence for a failure says that nothing was charged', () => {
  for (const words of [en, zhCN]) {
    expect(Object.values(words).join(' ')).not.toMatch(/nothing was charged|没有扣款/i);
  }
});
