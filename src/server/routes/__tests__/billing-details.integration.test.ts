import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BillingDetailsView } from '../../../domain/billing/billing-details.ts';
import { startTestApp, type TestApp } from '../../../../tests/support/app.ts';
import { signUp } from '../../../../tests/support/customer.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp({ STRIPE_TIMEOUT_SECONDS: '1' })));
afterAll(async () => app?.stop());

const PATH = '/api/billing/details';
const details: BillingDetailsView = {
  name: 'Wu GmbH',
  address: {
    country: 'DE',
    line1: 'Weg 1',
    line2: null,
    postalCode: '10115',
    city: 'Berlin',
    state: null,
  },
  taxIds: [{ type: 'eu_vat', value: 'DE123456789' }],
};

test('13 who never paid has none; named, they stand on the next invoice', async () => {
  const customer = await signUp(app);
  expect(await customer.api.get(PATH)).toMatchObject({
    status: 200,
    body: { name: null, address: null, taxIds: [] },
  });
  expect(await customer.api.put(PATH, details)).toMatchObject({ status: 200, body: details });
  await customer.subscribe('pro', 'month');
  const invoices = await customer.atStripe<{ data: object[] }>(
    `invoices?customer=${await customer.customerId()}`,
  );
  expect(invoices.data).toMatchObject([
    {
      customer_name: 'Wu GmbH',
      customer_address: { country: 'DE', line1: 'Weg 1', postal_code: '10115', city: 'Berlin' },
      customer_tax_ids: [{ type: 'eu_vat', value: 'DE123456789' }],
    },
  ]);
});

test('13 they are replaced, and taken away, and the audit log says who without saying what', async () => {
  const customer = await signUp(app);
  await customer.api.put(PATH, details);
  const other = {
    ...details,
    name: 'Wu Ltd',
    taxIds: [
      { type: 'gb_vat', value: 'GB123456789' },
      { type: 'hk_br', value: '12345678' },
    ],
  };
  expect(await customer.api.put(PATH, other)).toMatchObject({ status: 200 });
  const { body } = await customer.api.get<BillingDetailsView>(PATH);
  expect({
    ...body,
    taxIds: [...body.taxIds].sort((a, b) => a.type.localeCompare(b.type)),
  }).toEqual(other);
  const bare = { name: 'Wu Ltd', address: null, taxIds: [] };
  expect(await customer.api.put(PATH, bare)).toMatchObject({ status: 200, body: bare });
  expect((await customer.api.get(PATH)).body).toEqual(bare);
  const { rows } = await app.database.pool.query(
    `select actor_kind, before, after from audit_log
     where tenant_id = $1 and action = 'tenant.billing_details_changed'`,
    [customer.tenantId],
  );
  expect(rows).toHaveLength(3);
  expect(JSON.stringify(rows)).not.toMatch(/Berlin|Wu |GB123/);
});

describe('13 what cannot be', () => {
  test.each<[string, object, number, string]>([
    ['no name', { ...details, name: ' ' }, 400, 'invalid_request'],
    [
      'a country that is none',
      { ...details, address: { country: 'Germany' } },
      400,
      'invalid_request',
    ],
    [
      'an address without a country',
      { ...details, address: { city: 'Berlin' } },
      400,
      'invalid_request',
    ],
    ['a field nobody knows', { ...details, phone: '1' }, 400, 'invalid_request'],
    ['half of a surrogate pair', { ...details, name: '\ud800' }, 400, 'invalid_request'],
    [
      'a VAT id of no form',
      { ...details, taxIds: [{ type: 'eu_vat', value: '1' }] },
      400,
      'tax_id_invalid',
    ],
    [
      'a kind that is none',
      { ...details, taxIds: [{ type: 'xx_none', value: '1' }] },
      400,
      'tax_id_invalid',
    ],
    [
      'more than five tax ids',
      {
        ...details,
        taxIds: Array.from({ length: 6 }, (_, n) => ({ type: 'cn_tin', value: `${n}` })),
      },
      400,
      'invalid_request',
    ],
  ])('%s', async (_name, body, status, code) => {
    const customer = await signUp(app);
    expect(await customer.api.put(PATH, body)).toMatchObject({ status, body: { code } });
    expect((await customer.api.get<BillingDetailsView>(PATH)).body.address).toBeNull();
  });
});

describe('13 every call to Stripe fails once, before or after it took effect', () => {
  const calls = [1, 2, 3, 4, 5, 6, 7, 8];
  const ways = ['before', 'after'] as const;
  test.each(calls.flatMap((nth) => ways.map((when) => [nth, when] as const)))(
    'call %i, %s: said so, and saving again ends it',
    async (nth, when) => {
      const customer = await signUp(app);
      await customer.api.put(PATH, { ...details, taxIds: [{ type: 'cn_tin', value: '1' }] });
      const failNext = [{ nth, status: 500, when, repeats: 1, shouldRetry: false }];
      await customer.stripe.post('/_control/chaos', { failNext });
      const answer = await customer.api.put<{ code?: string }>(PATH, details);
      await customer.stripe.post('/_control/chaos', { failNext: [] });
      if (answer.status !== 200) {
        expect(answer).toMatchObject({ status: 503, body: { code: 'stripe_unavailable' } });
      }
      expect(await customer.api.put(PATH, details)).toMatchObject({ status: 200, body: details });
    },
  );
});
