import { PLANS_FILE, readPlansFile, type PlanDraft } from '../../src/db/catalogue/plans-file.ts';
import type { PaidPlan, Plan } from '../../src/domain/plans.ts';
import { announceToNewcomers } from '../../src/server/services/plans/announce.ts';
import { carryPublished, publishPlans } from '../../src/server/services/plans/publish-plans.ts';
import type { TestApp } from './app.ts';
import { signUp, type Customer } from './customer.ts';

export const FIRST_PLANS = readPlansFile(PLANS_FILE);

/** One plan of the file with other figures. */
export const withPlan = (plan: Plan, images: number, more: Partial<PlanDraft> = {}) =>
  FIRST_PLANS.filter((draft) => draft.plan === plan).map((draft) => {
    return { ...draft, limits: { ...draft.limits, images }, ...more };
  });

export const publishingDeps = ({ server: { context } }: Pick<TestApp, 'server'>) => ({
  db: context.database.db,
  clock: context.clock,
});

export function publish(
  app: Pick<TestApp, 'server'>,
  drafts: readonly PlanDraft[],
  options = { everyone: true },
) {
  return publishPlans(publishingDeps(app), drafts, options);
}

/** The tasks of a minute and of an hour. */
export async function planTasks(app: Pick<TestApp, 'server'>): Promise<void> {
  await carryPublished(publishingDeps(app));
  await announceToNewcomers(publishingDeps(app));
}

export async function subscriberOf(app: TestApp, plan: PaidPlan): Promise<Customer> {
  const customer = await signUp(app);
  await customer.subscribe(plan, 'month');
  return customer;
}

export async function imagesOf(customer: Customer): Promise<number | null> {
  await customer.sync();
  const { usage } = await customer.overview();
  return usage.resources.find((one) => one.resourceType === 'images')!.limit;
}

/** What a team was told of its plan, in order. */
export async function toldOfPlan({ database }: Pick<TestApp, 'database'>, { tenantId }: Customer) {
  const { rows } = await database.pool.query<{ kind: string; data: Record<string, unknown> }>(
    `select kind, data - 'name' as data from mail_outbox
     where tenant_id = $1 and kind like 'plan_changes%' order by created_at, kind desc`,
    [tenantId],
  );
  return rows.map(({ kind, data }) => ({ kind, ...data }));
}

/** The first day in UTC that begins `days` days from now. */
export function dayAfter({ server }: Pick<TestApp, 'server'>, days: number): Date {
  const now = server.context.clock.now();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + days));
}
