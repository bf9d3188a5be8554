import { expect, vi } from 'vitest';
import type { MailKind } from '../../src/server/services/mail/templates.ts';
import { settled, type Customer } from './customer.ts';

/** Kinds of the tenant's open alerts. */
export const alertsOf = async (customer: Customer) => {
  const { rows } = await customer.app.database.pool.query<{ kind: string }>(
    'select kind from alerts where tenant_id = $1 and resolved_at is null order by kind',
    [customer.tenantId],
  );
  return rows.map((row) => row.kind);
};
/** Kinds of the mails to the tenant, oldest first. */
export const mailsTo = async (customer: Customer) => {
  const { rows } = await customer.app.database.pool.query<{ kind: string }>(
    'select kind from mail_outbox where tenant_id = $1 order by created_at, kind',
    [customer.tenantId],
  );
  return rows.map((row) => row.kind);
};
/** Whether the tenant's mails of that kind promise to give back what is unused. */
export const returnPromised = async ({ app, tenantId }: Customer, kind: MailKind) => {
  const { rows } = await app.database.pool.query<{ data: { isFinal: boolean } }>(
    'select data from mail_outbox where tenant_id = $1 and kind = $2 order by created_at',
    [tenantId, kind],
  );
  return rows.map(({ data }) => !data.isFinal);
};
/** What is owed and was not done yet, by whomever. */
export const openRemedies = async ({ app }: Customer) => {
  const { rows } = await app.database.pool.query<{ kind: string; last_error: string | null }>(
    `select kind, last_error from remedies where state = 'open'`,
  );
  return rows;
};
/** Waits until everything that is owed was done. */
export const remedied = async (customer: Customer) => {
  await settled(customer.app);
  await vi.waitFor(async () => expect(await openRemedies(customer)).toEqual([]), 60_000);
  await settled(customer.app);
};
/** What the customer is out of pocket, as the bank sees it. */
export const outOfPocket = async (customer: Customer) => {
  const { data } = await customer.atStripe<{
    data: { paid: boolean; amount: number; amount_refunded: number }[];
  }>(`charges?customer=${await customer.customerId()}&limit=100`);
  return data
    .filter((one) => one.paid)
    .reduce((sum, one) => sum + one.amount - one.amount_refunded, 0);
};
/** Staff make a subscription in the dashboard. */
export async function secondSubscription(
  customer: Customer,
  plan: 'pro' | 'team',
): Promise<string> {
  const customerId = await customer.customerId();
  const methods = await customer.atStripe<{ data: { id: string }[] }>(
    `payment_methods?customer=${customerId}`,
  );
  const { id } = await customer.atStripe<{ id: string }>('subscriptions', {
    customer: customerId,
    'items[0][price]': await customer.priceOf(plan, 'month'),
    default_payment_method: methods.data[0]!.id,
  });
  return id;
}
