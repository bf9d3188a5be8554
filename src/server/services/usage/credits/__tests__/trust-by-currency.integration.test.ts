import { afterAll, beforeAll, expect, test } from 'vitest';
import { schemaOf } from '../../../../../../tests/support/buckets.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { floorOf } from '../../../../../domain/billing/statement.ts';
import { HandClock } from '../../__tests__/service.ts';
import { overageWorld } from './overage-world.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const CURRENCIES = Intl.supportedValuesOf('currency').map((code) => code.toLowerCase());

test('12.4 half of what may be unpaid is a bill in every currency, and paid bills raise it', async () => {
  const { tenantId, say } = await overageWorld(
    database,
    new HandClock('2026-05-10T12:00:00Z'),
    10_000,
  );
  const { pool } = database;
  const schema = await schemaOf(pool, tenantId);
  const exposures = async (currency: string) => {
    await pool.query(
      `update ${schema}.credit_accounts set overage_currency = $2 where tenant_id = $1`,
      [tenantId, currency],
    );
    const { rows } = await pool.query<{ one: string; many: string }>(
      `select ${schema}.credit_exposure(${schema}.credit_account($1)) as one,
         (select exposure[1] from ${schema}.credit_rooms(array[$1::uuid], array['2026-05'])) as many`,
      [tenantId],
    );
    expect(rows[0]!.one, currency).toBe(rows[0]!.many);
    return Number(rows[0]!.one);
  };
  for (const times of [7, 28, 70]) {
    for (const currency of CURRENCIES.filter((one) => one !== 'cny')) {
      expect(await exposures(currency), currency).toBe(times * floorOf(currency));
    }
    expect(await exposures('cny')).toBe({ 7: 5_000, 28: 20_000, 70: 50_000 }[times]);
    await say('billed', `b${times}`, 1_000_000);
    await say('paid', `b${times}`);
  }
});
