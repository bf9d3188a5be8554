import { expect, test } from 'vitest';
import { isStopWished } from './stop-request.ts';

test('10.22 a wish to stop is known now, and when it comes a moment after what it ended', async () => {
  expect(await isStopWished(AbortSignal.abort())).toBe(true);
  const late = new AbortController();
  setImmediate(() => late.abort());
  expect(await isStopWished(late.signal)).toBe(true);
  expect(await isStopWished(new AbortController().signal)).toBe(false);
});
