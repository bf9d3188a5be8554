import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { signUp } from '../support/customer.ts';
import { bought } from '../support/packs.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(() => app?.stop());

test('12.3 teams that are deleted while what they bought is still being written are deleted', async () => {
  const statuses: number[] = [];
  const lane = async () => {
    for (let n = 0; n < 6; n += 1) {
      const customer = await signUp(app);
      await bought(customer, 'small');
      const deleted = await customer.api.delete('/api/tenant', { confirm: 'Round table' });
      statuses.push(deleted.status);
    }
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
  expect(new Set(statuses)).toEqual(new Set([204]));
});
