import type { ChangePreview } from '../../../../domain/api.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { chargedOf } from '../../../../domain/money.ts';
import { comparePlans, type PlanDefinition } from '../../../../domain/plans.ts';
import { classifyChange } from '../../../../domain/billing/subscription-change.ts';
import type { OfferedPrice } from '../../stripe/offered-prices.ts';
import type { ImmediateChange } from '../../stripe/changes.ts';
import type { InvoicePreview } from '../../stripe/snapshots/invoice-snapshot.ts';
import type { PeriodOf } from '../../stripe/renewal.ts';
import type { SubscriptionItemSnapshot } from '../../stripe/snapshots/subscription-snapshot.ts';
import { toUnixSeconds } from '../../stripe/snapshots/schemas.ts';
import { getTenant, translateRefusals, type BillingDeps } from './change-billing.ts';
import type { Requester } from '../requester.ts';
import { takenBack, whatIsLost, type Lost, type PlansOfChange } from './preview-losses.ts';
import { assertMayAlter, assertPaidUp } from './change-guards.ts';
import { mainOf, readStripeState, type LiveSubscription } from '../intents/stripe-state.ts';
import { growingOf } from '../../plans/growth.ts';

/** What changing to `priceId` would mean, in money and in what the plan includes. */
export async function previewChange(
  billing: BillingDeps,
  requester: Requester,
  priceId: string,
): Promise<ChangePreview> {
  const price = await billing.catalogue.getOffered(priceId);
  const tenant = await getTenant(billing.db, requester.tenantId);
  const live = mainOf(await readStripeState(billing, tenant));
  const kind = classifyChange(live.current, price);
  if (kind === 'none') {
    throw new BillingError('same_price', 'This is the present plan and interval already.');
  }
  assertPaidUp(live);
  assertMayAlter(live, kind === 'now' ? 'now' : 'later');
  const plans = await plansOf(billing, live, price);
  const money = await translateRefusals(billing, requester, () =>
    kind === 'period_end' ? atPeriodEnd(billing, live, price) : now(billing, live, price, plans),
  );
  const lost = await whatIsLost(billing, requester, plans, money);
  return { ...money, ...lost, takesBack: takenBack(live, priceId) };
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

type Money = Omit<ChangePreview, keyof Lost | 'takesBack'>;

/** Nothing is charged now. The first period after the change costs what Stripe says. */
async function atPeriodEnd(
  billing: BillingDeps,
  live: LiveSubscription,
  { priceId }: OfferedPrice,
): Promise<Money> {
  const at = live.item.currentPeriodEnd.toISOString();
  const next = await billing.stripe.previewPeriod(nextPeriod(live, priceId));
  return {
    effective: 'period_end',
    effectiveAt: at,
    ...NOTHING_NOW,
    balanceLeftMinor: Math.max(0, -next.balanceMinor),
    currency: next.currency,
    nextInvoice: { amountMinor: next.amountDueMinor, at },
    prorationDate: null,
    growing: null,
  };
}

async function now(
  billing: BillingDeps,
  live: LiveSubscription,
  price: OfferedPrice,
  plans: PlansOfChange,
): Promise<Money> {
  const instant = billing.clock.now();
  const prorationDate = toUnixSeconds(instant);
  const change = immediateChange(live, price, prorationDate);
  const effect = { effective: 'now', effectiveAt: instant.toISOString(), prorationDate } as const;
  const next = nextPeriod(live, price.priceId);
  if (live.snapshot.status === 'trialing') {
    return { ...effect, ...duringTrial(live, await billing.stripe.previewPeriod(next)) };
  }
  const preview = await billing.stripe.previewChange(change);
  const startsAt = renewalAfter(change, live, preview);
  const period = await billing.stripe.previewPeriod({
    ...next,
    startsAt,
    ...(change.resetsPeriod ? { items: itemsOfInterval(live, price) } : {}),
    usedDiscounts: live.snapshot.discounts.flatMap(({ id, isOnce }) =>
      isOnce && preview.discountIds.includes(id) ? id : [],
    ),
  });
  const sum = (sign: 1 | -1) =>
    preview.lines
      .filter((line) => Math.sign(line.amountMinor) === sign)
      .reduce((total, line) => total + line.amountMinor * sign, 0);
  const { currency } = preview;
  // The customer's balance after it; credit is negative, as Stripe writes it.
  const balanceAfter = preview.balanceMinor + preview.totalMinor - preview.amountDueMinor;
  return {
    ...effect,
    amountDueNowMinor: preview.amountDueMinor,
    creditMinor: sum(-1),
    chargeMinor: sum(1),
    taxMinor: preview.addedTaxMinor,
    discountMinor: preview.discountMinor,
    balanceUsedMinor: Math.max(0, Math.min(-preview.balanceMinor, preview.totalMinor)),
    balanceLeftMinor: Math.max(0, -balanceAfter),
    carriedInMinor: Math.max(0, preview.balanceMinor),
    carriedOutMinor: Math.max(0, balanceAfter),
    currency,
    nextInvoice: {
      // What waited is charged by the invoice of now.
      amountMinor: chargedOf({
        amountMinor: period.totalMinor - preview.waitedMinor + balanceAfter,
        currency,
      }),
      at: startsAt.toISOString(),
    },
    growing: beginsWithin(live, plans, change.resetsPeriod, instant),
    lines: preview.lines.map(({ description, amountMinor }) => ({ description, amountMinor })),
  };
}

/** The period after the present one, with `priceId`: with it all is billed that ends then, too. */
function nextPeriod({ snapshot, item }: LiveSubscription, priceId: string): PeriodOf {
  const startsAt = item.currentPeriodEnd;
  const endsToo = (one: SubscriptionItemSnapshot) =>
    one.currentPeriodEnd.getTime() === startsAt.getTime();
  const items = snapshot.items.filter(endsToo);
  return { subscription: snapshot, items, itemId: item.id, priceId, startsAt };
}

/** What is billed with the plan once all periods begin anew: what is charged as often. */
function itemsOfInterval({ snapshot, item }: LiveSubscription, { interval }: OfferedPrice) {
  return snapshot.items.filter(
    ({ id, price: { recurring } }) =>
      id === item.id || (recurring?.interval === interval && recurring.intervalCount === 1),
  );
}

/** Nothing is billed before the trial ends; then a whole period is. */
function duringTrial(
  { item }: LiveSubscription,
  period: InvoicePreview,
): Omit<Money, 'effective' | 'effectiveAt' | 'prorationDate'> {
  return {
    ...NOTHING_NOW,
    balanceLeftMinor: Math.max(0, -period.balanceMinor),
    currency: period.currency,
    nextInvoice: {
      amountMinor: period.amountDueMinor,
      at: item.currentPeriodEnd.toISOString(),
    },
  };
}

const NOTHING_NOW = {
  amountDueNowMinor: 0,
  creditMinor: 0,
  chargeMinor: 0,
  taxMinor: 0,
  discountMinor: 0,
  balanceUsedMinor: 0,
  carriedInMinor: 0,
  carriedOutMinor: 0,
  lines: [],
  growing: null,
} satisfies Partial<Money>;

/** With a new period, where the longest thing that is charged for ends. */
function renewalAfter(
  { resetsPeriod }: ImmediateChange,
  { item }: LiveSubscription,
  { lines }: InvoicePreview,
): Date {
  const ends = lines.filter((line) => line.amountMinor > 0).map((line) => line.periodEnd.getTime());
  return resetsPeriod && ends.length > 0 ? new Date(Math.max(...ends)) : item.currentPeriodEnd;
}

/** A higher plan within a period is paid in part: its limits are too, until the first renewal. */
function beginsWithin(
  { item, snapshot }: LiveSubscription,
  { from, to }: PlansOfChange,
  resetsPeriod: boolean,
  at: Date,
): ChangePreview['growing'] {
  const rises = comparePlans(to.plan, from.plan) > 0;
  const isPart = (rises || isOtherVersion(from, to)) && !resetsPeriod;
  if (!isPart || snapshot.status === 'trialing') return null;
  return growingOf(to, { base: from, from: at, until: item.currentPeriodEnd }, at);
}

const isOtherVersion = (from: PlanDefinition, to: PlanDefinition) =>
  from.plan === to.plan && from.version !== to.version;

async function plansOf(
  { catalogue, plans }: BillingDeps,
  { current }: LiveSubscription,
  price: OfferedPrice,
): Promise<PlansOfChange> {
  const { priceId, plan } = current;
  const sold = await catalogue.bind(plan === 'free' ? [price] : [price, { priceId, plan }]);
  return {
    from: await plans.get(plan, sold.get(priceId) ?? null),
    to: await plans.get(price.plan, sold.get(price.priceId)!),
  };
}
