import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CreditsView } from '../../src/domain/billing/credits.ts';
import type { LimitsView } from '../../src/domain/billing/spending/limits-view.ts';
import type { StatementView } from '../../src/domain/billing/statement.ts';
import type { QuoteView } from '../../src/domain/billing/usage/quote.ts';
import { nextPeriod, periodOf, periodStart } from '../../src/domain/period.ts';
import {
  verifyChain,
  verifyProof,
} from '../../src/server/services/billing/statements/verify-proof.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { inEveryBucket } from '../support/buckets.ts';
import {
  advanceDays,
  advanceTo,
  FAILING_CARD,
  signUp,
  type Customer,
} from '../support/customer.ts';
import { outOfPocket } from '../support/money-back.ts';
import { balance, bought } from '../support/packs.ts';
import { done, invoicesOf, list, mailsOf, payHosted, service } from '../support/statements.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp({ TRIAL_DAYS: '0' })));
afterAll(async () => app?.stop());

const CAP_MINOR = 4_000;

/** Messages that another service of the platform reports; each its own event. */
async function report({ tenantId }: Customer, amounts: readonly number[]): Promise<string[]> {
  const events = amounts.map((amount) => ({
    ...{ tenantId, resourceType: 'messages', amount, idempotencyKey: crypto.randomUUID() },
  }));
  const response = await fetch(`${app.url}/api/usage/events`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${app.usageIngestToken}`,
    },
    body: JSON.stringify({ events }),
  });
  expect(response.status).toBe(200);
  const { results } = (await response.json()) as { results: { status: string }[] };
  return results.map(({ status }) => status);
}

const used = async (customer: Customer, amount: number) =>
  expect(await report(customer, [amount])).toEqual(['recorded']);

const say = ({ api }: Customer) => api.post('/api/chat', { message: 'Hello' });
const talks = async (customer: Customer) => expect((await say(customer)).status).toBe(200);

/** The chat is refused, and says what is in the way. */
async function isRefused(customer: Customer, details: object): Promise<void> {
  const answer = await say(customer);
  expect(answer).toMatchObject({ status: 429, body: { code: 'quota_exceeded', details } });
}

async function paidFrom({ api }: Customer): Promise<QuoteView['from']> {
  const answer = await api.post<QuoteView>('/api/usage/quote', { message: 'Hello' });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body.from;
}

/** What the limits say; at no time more than the cap. */
async function overage({ api }: Customer): Promise<LimitsView['overage']> {
  const { body } = await api.get<LimitsView>('/api/billing/limits');
  expect(body.overage.usedMinor).toBeLessThanOrEqual(body.overage.capMinor ?? 0);
  const credits = await api.get<CreditsView>('/api/credits');
  expect(body.overage).toMatchObject(credits.body.overage);
  return body.overage;
}

/** Whatever day it is: a month whose end comes before a plan renews that is bought now. */
function earlyInAMonth(): Promise<void> {
  const begin = periodStart(nextPeriod(periodOf(app.server.context.clock.now())));
  return advanceTo(app, new Date(begin.getTime() + 2.5 * 86_400_000).toISOString());
}

/** The tasks of every minute. */
async function newest(customer: Customer): Promise<StatementView> {
  await service({ app }).closeDue();
  await service({ app }).sweep();
  return (await list(customer))[0]!;
}

/** Stripe charges an invoice an hour after it is final. */
async function collected(customer: Customer): Promise<void> {
  await advanceDays(app, 1 / 24);
  await done(customer);
}

/** What the ledger's movements up to a number cost, in whole minor units of each month. */
async function drawnMinor({ tenantId }: Customer, seqTo: number): Promise<number> {
  const rows = await inEveryBucket<{ minor: string }>(
    app.database.pool,
    `select floor(sum(micro * minor_per_credit) / 1000000) as minor from u00.credit_draws
     where tenant_id = $1 and kind = 'overage' and seq <= $2 group by period`,
    [tenantId, seqTo],
  );
  return rows.reduce((sum, { minor }) => sum + Number(minor), 0);
}

async function proofOf(customer: Customer, { id }: StatementView): Promise<string> {
  const answer = await customer.api.get<string>(`/api/subscription/statements/${id}/proof.csv`);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body;
}

/** Its invoice, its lines, its proof and the ledger say one and the same sum, to the fen. */
async function isTrue(customer: Customer, shown: StatementView, totalMinor: number) {
  const { id, seqFrom, seqTo, sha256 } = shown;
  expect(shown).toMatchObject({ totalMinor, amountMinor: totalMinor, currency: 'cny' });
  const drawn = (await drawnMinor(customer, seqTo)) - (await drawnMinor(customer, seqFrom - 1));
  expect(drawn).toBe(totalMinor);
  const invoices = (await invoicesOf(customer)).filter(
    ({ metadata }) => metadata['statementId'] === id,
  );
  expect(invoices).toMatchObject([{ total: totalMinor, footer: `sha256 ${sha256}` }]);
  const { findings, head } = verifyProof(await proofOf(customer, shown));
  expect(findings).toEqual([]);
  expect(head).toMatchObject({ amountMinor: String(totalMinor), sha256 });
}

test('12 the calendar story: a pack, overage up to its cap, statements, a payment that fails, and on again', async () => {
  await earlyInAMonth();
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  await talks(customer);
  await used(customer, 9_999);
  const packs = ['small', 'medium', 'large'];
  await isRefused(customer, { reason: 'quota', packs, cap: null, plans: ['team'] });

  await bought(customer, 'small', { method: 'alipay' });
  expect(await paidFrom(customer)).toBe('credits');
  await talks(customer);
  await used(customer, 599);
  expect(await balance(customer)).toBe(0);
  await isRefused(customer, { reason: 'quota', packs, cap: null });

  // Nobody is billed afterwards who has not agreed to the price that they were shown.
  const { price } = await overage(customer);
  expect(price).toEqual({ currency: 'cny', minorPerCredit: '12' });
  const wish = { enabled: true, capMinor: CAP_MINOR, consent: price };
  const agreed = await customer.api.put('/api/billing/limits', { overage: wish });
  expect(agreed).toMatchObject({ status: 200, body: { overage: { enabled: true } } });
  expect(await paidFrom(customer)).toBe('overage');
  await talks(customer);
  expect(await overage(customer)).toMatchObject({ usedMinor: 1, exposureMinor: 5_000 });
  await service({ app }).closeDue();
  expect(await list(customer)).toEqual([]);

  // 210 credits, which are more than half of what may be unpaid.
  await used(customer, 2_099);
  const first = await newest(customer);
  expect(first).toMatchObject({ kind: 'threshold', state: 'open' });
  await isTrue(customer, first, 2_520);
  await collected(customer);
  expect(await list(customer)).toMatchObject([{ id: first.id, state: 'paid' }]);
  expect(await overage(customer)).toMatchObject({ unpaidMinor: 0, exposureMinor: 20_000 });

  // Room for five more: of twenty at once just those are taken.
  await used(customer, 1_228);
  const burst = await Promise.all(Array.from({ length: 20 }, () => report(customer, [1])));
  expect(burst.flat().filter((status) => status === 'recorded')).toHaveLength(5);
  const cap = { capMinor: CAP_MINOR, usedMinor: 3_999, currency: 'cny' };
  await isRefused(customer, { reason: 'cap', cap, packs });
  expect(await overage(customer)).toMatchObject({ usedMinor: 3_999 });

  const nextMonth = periodStart(nextPeriod(periodOf(app.server.context.clock.now())));
  await customer.useCard(FAILING_CARD);
  await advanceTo(app, new Date(nextMonth.getTime() + 26 * 3_600_000).toISOString());
  const second = await newest(customer);
  expect(second).toMatchObject({ kind: 'month', state: 'open', period: first.period });
  await isTrue(customer, second, 3_999 - 2_520);
  await collected(customer);
  expect((await list(customer))[0]).toMatchObject({ id: second.id, state: 'failed' });
  expect(await overage(customer)).toMatchObject({ suspended: 'unpaid', enabled: true });
  expect(await mailsOf(customer)).toEqual(['statement_paid', 'statement_failed']);
  expect(await customer.subscription()).toMatchObject({ plan: 'pro', status: 'active' });

  // Overage alone rests: the quota of the new month goes on, and credits do.
  expect(await paidFrom(customer)).toBe('plan');
  await talks(customer);
  await used(customer, 9_999);
  await isRefused(customer, { reason: 'unpaid', packs });
  await bought(customer, 'small', { method: 'alipay' });
  expect(await paidFrom(customer)).toBe('credits');
  await talks(customer);
  await used(customer, 599);
  await isRefused(customer, { reason: 'unpaid', packs });

  const failed = (await list(customer))[0]!;
  await payHosted(customer, failed.payUrl!);
  await done(customer);
  expect((await list(customer))[0]).toMatchObject({ id: second.id, state: 'paid', payUrl: null });
  expect(await overage(customer)).toMatchObject({ suspended: null, enabled: true, usedMinor: 0 });
  expect(await paidFrom(customer)).toBe('overage');
  await talks(customer);
  await used(customer, 499);

  // What is left is billed when the plan ends.
  await customer.useCard('pm_card_visa');
  const left = await customer.api.post('/api/subscription/cancel', { immediately: true });
  expect(left.status).toBe(200);
  const third = await newest(customer);
  expect(third).toMatchObject({ kind: 'final', state: 'open' });
  await isTrue(customer, third, 600);
  await collected(customer);
  const all = (await list(customer)).toReversed();
  expect(all).toMatchObject([first, second, third].map(({ id }) => ({ id, state: 'paid' })));

  // Not a fen more, or less, than the plan, two packs, and what the statements say.
  expect(await outOfPocket(customer)).toBe(2_900 + 2 * 600 + 3_999 + 600);
  expect(await service({ app }).verify()).toEqual([]);
  const files: string[] = [];
  for (const statement of all) files.push(await proofOf(customer, statement));
  const [one, two, three] = files.map(verifyProof);
  expect([...verifyChain(one!, two!), ...verifyChain(two!, three!)]).toEqual([]);
  expect(verifyChain(one!, three!)).toMatchObject([{ fault: 'chain' }]);
  for (const file of files) expect(unnoticed(file)).toEqual([]);
});

test('12.4 what may be unpaid at once is used before the cap: the open statement is paid, and it goes on', async () => {
  await earlyInAMonth();
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  await used(customer, 10_000);
  const { price } = await overage(customer);
  const wish = { enabled: true, capMinor: 10_000, consent: price };
  const agreed = await customer.api.put('/api/billing/limits', { overage: wish });
  expect(agreed).toMatchObject({ status: 200, body: { overage: { exposureMinor: 5_000 } } });
  await used(customer, 4_166);
  await isRefused(customer, { reason: 'unpaid', cap: { usedMinor: 4_999, capMinor: 10_000 } });
  const open = await newest(customer);
  expect(open).toMatchObject({ kind: 'threshold', state: 'open', totalMinor: 4_999 });
  await payHosted(customer, open.payUrl!);
  await done(customer);
  await talks(customer);
  expect(await list(customer)).toMatchObject([{ id: open.id, state: 'paid' }]);
});

/** Where a character can be another, and the proof is found to be whole: nowhere. */
function unnoticed(file: string): string[] {
  return [...file].flatMap((was, at) => {
    const altered = `${file.slice(0, at)}${was === '0' ? '1' : '0'}${file.slice(at + 1)}`;
    return verifyProof(altered).findings.length > 0
      ? []
      : [file.slice(Math.max(0, at - 20), at + 1)];
  });
}
