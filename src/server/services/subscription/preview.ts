import type { ChangePreview } from '../../../domain/api.ts';
import { BillingError } from '../../../domain/errors.ts';
import { FEATURES, PLAN_CATALOGUE, planHasFeature, type Plan } from '../../../domain/plans.ts';
import { classifyChange } from '../../../domain/subscription-change.ts';
import type { OfferedPrice } from '../stripe/catalogue.ts';
import type { ImmediateChange } from '../stripe/changes.ts';
import { toUnixSeconds } from '../stripe/shapes.ts';
import { getTenant, type Asker, type Billing } from './billing.ts';
import { assertChangeable } from './permitted.ts';
import { mainOf, readTruth, type LiveSubscription } from './truth.ts';

/** What changing to `priceId` would mean, in money and in what the plan includes. */
export async function previewChange(
  billing: Billing,
  asker: Asker,
  priceId: string,
): Promise<ChangePreview> {
  const price = await billing.catalogue.getOffered(priceId);
  const tenant = await getTenant(billing.db, asker.tenantId);
  const live = mainOf(await readTruth(billing, tenant));
  const kind = classifyChange(live.current, price);
  if (kind === 'none') {
    throw new BillingError('same_price', 'This is the present plan and interval already.');
  }
  assertChangeable(live);
  const lost = await whatIsLost(billing, asker, live.current.plan, price.plan);
  if (kind === 'period_end') return { ...atPeriodEnd(live, price), ...lost };
  return { ...(await now(billing, live, price)), ...lost };
}

/** A change of `live` to `price` that begins at `prorationDate`. */
export function immediateChange(
  live: LiveSubscription,
  price: OfferedPrice,
  prorationDate: number,
): ImmediateChange {
  const { snapshot, item, current } = live;
  return {
    subscription: snapshot,
    itemId: item.id,
    priceId: price.priceId,
    prorationDate,
    resetsPeriod: current.interval !== price.interval && snapshot.status !== 'trialing',
  };
}

type Money = Omit<ChangePreview, 'lostFeatures' | 'exceededQuotas'>;

function atPeriodEnd({ item }: LiveSubscription, price: OfferedPrice): Money {
  const at = item.currentPeriodEnd.toISOString();
  return {
    effective: 'period_end',
    effectiveAt: at,
    amountDueNowMinor: 0,
    creditMinor: 0,
    chargeMinor: 0,
    taxMinor: 0,
    currency: price.currency,
    nextInvoice: { amountMinor: price.amountMinor, at },
    prorationDate: null,
    lines: [],
  };
}

async function now(billing: Billing, live: LiveSubscription, price: OfferedPrice): Promise<Money> {
  const instant = billing.clock.now();
  const prorationDate = toUnixSeconds(instant);
  const change = immediateChange(live, price, prorationDate);
  const preview = await billing.stripe.previewChange(change);
  const sum = (sign: 1 | -1) =>
    preview.lines
      .filter((line) => Math.sign(line.amountMinor) === sign)
      .reduce((total, line) => total + line.amountMinor * sign, 0);
  const charged = preview.lines.filter((line) => line.amountMinor > 0);
  const renewsAt = change.resetsPeriod
    ? new Date(Math.max(...charged.map((line) => line.periodEnd.getTime())))
    : live.item.currentPeriodEnd;
  return {
    effective: 'now',
    effectiveAt: instant.toISOString(),
    amountDueNowMinor: preview.amountDueMinor,
    creditMinor: sum(-1),
    chargeMinor: sum(1),
    taxMinor: preview.taxMinor,
    currency: preview.currency,
    nextInvoice: Number.isFinite(renewsAt.getTime())
      ? { amountMinor: price.amountMinor, at: renewsAt.toISOString() }
      : null,
    prorationDate,
    lines: preview.lines.map(({ description, amountMinor }) => ({ description, amountMinor })),
  };
}

/** Features that the new plan does not have, and quotas that are over its limits already. */
async function whatIsLost(
  billing: Billing,
  asker: Asker,
  from: Plan,
  to: Plan,
): Promise<Pick<ChangePreview, 'lostFeatures' | 'exceededQuotas'>> {
  const { limits } = PLAN_CATALOGUE[to];
  const { resources } = await billing.usage.getUsageStats(asker.tenantId);
  return {
    lostFeatures: FEATURES.filter((one) => planHasFeature(from, one) && !planHasFeature(to, one)),
    exceededQuotas: resources.flatMap(({ resourceType, used }) => {
      const limit = limits[resourceType];
      return limit !== null && used > limit ? { resourceType, used, limit } : [];
    }),
  };
}
