import { expect, test } from 'vitest';
import { counted } from '../designs.ts';

test('units that are acknowledged at the same time are all counted', async () => {
  const { answers, call } = counted('some', 'messages', () => Promise.resolve(2));
  await Promise.all(['a', 'b', 'c'].map(call));
  expect(answers).toEqual({ units: 6, otherwise: 0 });
});

test('a refusal where there should be none is counted and kept', async () => {
  const refusals = [new Error('Quota exceeded'), new Error('Something else')];
  const { answers, call } = counted('some', 'messages', (tenantId) =>
    tenantId === 'full' ? Promise.reject(refusals.shift()!) : Promise.resolve(1),
  );
  for (const tenantId of ['a', 'full', 'full', 'b']) await call(tenantId);
  expect(answers).toEqual({ units: 2, otherwise: 2, first: new Error('Quota exceeded') });
});
