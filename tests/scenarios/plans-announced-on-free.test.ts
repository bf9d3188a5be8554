import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PlansView } from '../../src/domain/api.ts';
import { foreseePlans, type Publication } from '../../src/server/services/plans/publish-plans.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, advanceTo, signUp, type Customer } from '../support/customer.ts';
import { bought } from '../support/packs.ts';
import {
  dayAfter,
  FIRST_PLANS,
  planTasks,
  publish,
  publishingDeps,
  toldOfPlan,
} from '../support/plan-changes.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(async () => app?.stop());

const options = { everyone: false };
/** Free of the file, with pictures beyond the quota at another rate, and other pictures within it. */
const freeWith = (rate: number, limit = 10) =>
  FIRST_PLANS.filter(({ plan }) => plan === 'free').map((draft) => ({
    ...draft,
    limits: { ...draft.limits, images: limit },
    rates: { ...draft.rates, images: rate },
  }));
const foresee = async (rate: number, limit?: number) =>
  (await foreseePlans(publishingDeps(app), freeWith(rate, limit), options))[0]!;
async function buyer(): Promise<Customer> {
  const customer = await signUp(app);
  await bought(customer, 'small');
  return customer;
}
const told = (customer: Customer) => toldOfPlan(app, customer);
const shown = async (customer: Customer) => (await customer.subscription()).announcedChange;
/** Quota and rate of pictures, as metering has them. */
const images = async (customer: Customer) => {
  const { usage } = await customer.overview();
  const { limit, rateMicro } = usage.resources.find((one) => one.resourceType === 'images')!;
  return [limit, rateMicro];
};
const offered = async () => {
  const { plans } = (await (await fetch(`${app.url}/api/plans`)).json()) as PlansView;
  return plans.find(({ plan }) => plan === 'free')!;
};
const term = (from: number, to: number) => ({ what: 'rate', resourceType: 'images', from, to });

test('12.1 what free asks beyond its quota is told to who has bought credits, 30 days before', async () => {
  const other = await signUp(app);
  expect(await foresee(2_000_001)).toMatchObject({ touched: [], effectiveAt: null });
  const customer = await buyer();
  // Nobody has paid for the quota, and what credits buy is more.
  expect(await foresee(1_999_999, 5)).toMatchObject({ touched: [], effectiveAt: null });

  const effectiveAt = dayAfter(app, 31);
  const [published] = (await publish(app, freeWith(3_000_000, 5), options)) as [Publication];
  const less = { what: 'limit', resourceType: 'images', from: 10, to: 5 };
  const terms = [less, term(2_000_000, 3_000_000)];
  expect(published).toMatchObject({
    ...{ plan: 'free', version: 2, isForAll: true, effectiveAt },
    touched: [{ id: customer.tenantId, terms }],
  });
  const news = {
    ...{ kind: 'plan_changes', plan: 'free', replaces: false, terms },
    effectiveAt: effectiveAt.toISOString(),
  };
  const change = { effectiveAt: news.effectiveAt, terms };
  expect([await told(customer), await told(other)]).toEqual([[news], []]);
  expect([await shown(customer), await shown(other)]).toEqual([change, change]);
  expect(await offered()).toMatchObject({ limits: { images: 10 }, announcedChange: change });
  expect(await publish(app, freeWith(3_000_000, 5), options)).toEqual([]);

  // Until then all have what there was, whoever comes meanwhile too; who buys credits is told as well.
  await advanceDays(app, 10);
  await planTasks(app);
  const newcomer = await buyer();
  await planTasks(app);
  await planTasks(app);
  expect(await told(newcomer)).toEqual([news]);
  const all = [customer, other, newcomer];
  const ofAll = () => Promise.all(all.map(images));
  expect(await ofAll()).toEqual(all.map(() => [10, 2_000_000]));

  await advanceTo(app, effectiveAt.toISOString());
  await planTasks(app);
  await expect.poll(ofAll).toEqual(all.map(() => [5, 3_000_000]));
  expect(await Promise.all(all.map(shown))).toEqual(all.map(() => null));
  expect(await offered()).toMatchObject({ limits: { images: 5 }, announcedChange: null });
  expect(await images(await signUp(app))).toEqual([5, 3_000_000]);
  expect([(await told(customer)).length, await told(other)]).toEqual([1, []]);
});

test('12.1 what is announced on free is replaced or called off by the next file, and never in force', async () => {
  const customer = await buyer();
  const [first] = (await publish(app, freeWith(4_000_000, 5), options)) as [Publication];
  await advanceDays(app, 1);
  const [second] = (await publish(app, freeWith(5_000_000, 5), options)) as [Publication];
  expect(second).toMatchObject({
    pending: { version: first.version },
    effectiveAt: dayAfter(app, 31),
  });
  // From what there is, not from what was announced.
  expect(await told(customer)).toMatchObject([
    { kind: 'plan_changes', terms: [term(3_000_000, 4_000_000)], replaces: false },
    { kind: 'plan_changes', terms: [term(3_000_000, 5_000_000)], replaces: true },
  ]);
  await advanceTo(app, first.effectiveAt!.toISOString());
  await planTasks(app);
  expect(await images(customer)).toEqual([5, 3_000_000]);

  const [off] = (await publish(app, freeWith(3_000_000, 20), options)) as [Publication];
  expect(off).toMatchObject({ touched: [], effectiveAt: null });
  await expect.poll(() => images(customer)).toEqual([20, 3_000_000]);
  expect((await told(customer)).at(-1)).toMatchObject({ kind: 'plan_changes_off', plan: 'free' });
  expect(await shown(customer)).toBeNull();
  await advanceTo(app, second.effectiveAt!.toISOString());
  await planTasks(app);
  expect(await images(customer)).toEqual([20, 3_000_000]);
  // When nobody's credits can be used any more it is for all at once.
  await advanceDays(app, 366);
  expect(await foresee(6_000_000)).toMatchObject({ touched: [], effectiveAt: null });
});
