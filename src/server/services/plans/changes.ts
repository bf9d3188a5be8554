import { isDeepStrictEqual } from 'node:util';
import type { PlanDraft } from '../../../db/catalogue/plans-file.ts';
import type { Announcement } from '../../../db/repositories/billing/plan-announcement.repository.ts';
import type { PlanDefinition } from '../../../domain/plans.ts';
import { RESOURCE_TYPES, type Limit } from '../../../domain/quota.ts';

/** Sentences for whoever publishes: how a version differs from those before it. */
export function changesOf({ before, next }: Due): string[] {
  if (before.length === 0) return next.version === 1 ? ['is new'] : [];
  if (before.length === 1) return differences(before[0]!, next);
  return before.flatMap((one) =>
    differences(one, next).map((change) => `from version ${one.version}: ${change}`),
  );
}

function differences(before: PlanDefinition, next: PlanDefinition): string[] {
  const renamed = before.name === next.name ? [] : [`name: ${before.name} → ${next.name}`];
  const seats = before.seats === next.seats ? [] : [`seats: ${before.seats} → ${next.seats}`];
  const limits = RESOURCE_TYPES.filter((one) => before.limits[one] !== next.limits[one]).map(
    (one) => `${one}: ${amount(before.limits[one])} → ${amount(next.limits[one])}`,
  );
  const rates = RESOURCE_TYPES.filter((one) => before.rates[one] !== next.rates[one]).map(
    (one) => `${one} beyond the quota: ${price(before.rates[one])} → ${price(next.rates[one])}`,
  );
  const currencies = new Set([...Object.keys(before.overage), ...Object.keys(next.overage)]);
  const overage = [...currencies]
    .filter((currency) => before.overage[currency] !== next.overage[currency])
    .map(
      (currency) =>
        `overage in ${currency}: ${minor(before.overage[currency])} → ${minor(next.overage[currency])}`,
    );
  const rollover = RESOURCE_TYPES.filter((one) => before.rollover[one] !== next.rollover[one]).map(
    (one) =>
      `${one} rolling over: ${percent(before.rollover[one])} → ${percent(next.rollover[one])}`,
  );
  const gained = next.features.filter((one) => !before.features.includes(one));
  const lost = before.features.filter((one) => !next.features.includes(one));
  return [
    ...renamed,
    ...limits,
    ...rates,
    ...overage,
    ...rollover,
    ...seats,
    ...gained.map((one) => `gains ${one}`),
    ...lost.map((one) => `loses ${one}`),
  ];
}

/** What publishing rests on. */
export interface Published {
  /** Every version, of each plan the oldest first. */
  versions: readonly PlanDefinition[];
  /** The versions that prices sell. */
  sold: readonly Pick<PlanDefinition, 'plan' | 'version'>[];
  pending: readonly Announcement[];
}

/** A version that is to be published, or to reach everybody. */
export interface Due {
  next: PlanDefinition;
  /** From what it differs, the oldest first; nothing for the first of its plan. */
  before: PlanDefinition[];
  /** It is no version yet. */
  isNew: boolean;
}

/** What differs from the newest; for everyone also what is the newest, and not for everybody yet. */
export function dueOf(
  drafts: readonly PlanDraft[],
  published: Published,
  { everyone }: { everyone: boolean },
): Due[] {
  return drafts.flatMap((draft): Due[] => {
    const { newest, isSame } = compared(draft, published);
    if (!isSame) {
      const next = { ...draft, seats: seatsOf(draft, newest), version: (newest?.version ?? 0) + 1 };
      return [{ next, before: newest ? [newest] : [], isNew: true }];
    }
    // Everybody on free has the newest, or gets it when it is due.
    if (!everyone || newest.plan === 'free' || isPending(newest, published)) return [];
    const before = published.versions.filter((one) => isSold(one, published, newest));
    const replaces = published.pending.some(({ plan }) => plan === newest.plan);
    return before.length > 0 || replaces ? [{ next: newest, before, isNew: false }] : [];
  });
}

/** What of `drafts` is announced already. */
export function underWayOf(drafts: readonly PlanDraft[], published: Published): Announcement[] {
  return drafts.flatMap((draft) => {
    const { newest, isSame } = compared(draft, published);
    if (!isSame) return [];
    const { plan, version } = newest;
    return published.pending.filter((one) => one.plan === plan && one.version === version);
  });
}

function isPending({ plan, version }: PlanDefinition, { pending }: Published): boolean {
  return pending.some((one) => one.plan === plan && one.version === version);
}

function isSold(one: PlanDefinition, { sold }: Published, newest: PlanDefinition): boolean {
  const { plan, version } = one;
  if (plan !== newest.plan || version >= newest.version) return false;
  return sold.some((other) => other.plan === plan && other.version === version);
}

function compared(
  draft: PlanDraft,
  { versions }: Published,
):
  { newest: PlanDefinition; isSame: true } | { newest: PlanDefinition | undefined; isSame: false } {
  const newest = versions.filter(({ plan }) => plan === draft.plan).at(-1);
  const seats = seatsOf(draft, newest);
  return newest && isDeepStrictEqual(contentsOf(newest), contentsOf({ ...draft, seats }))
    ? { newest, isSame: true }
    : { newest, isSame: false };
}

const seatsOf = (draft: PlanDraft, newest: PlanDefinition | undefined) =>
  draft.seats ?? newest?.seats ?? 1;

function contentsOf(one: Omit<PlanDefinition, 'version'>) {
  const { name, features, limits, rates, overage, rollover, seats } = one;
  return {
    ...{ name, features: [...features].sort(), seats },
    ...{ limits: { ...limits }, rates: { ...rates } },
    ...{ overage: { ...overage }, rollover: { ...rollover } },
  };
}

const minor = (price: string | undefined) =>
  price === undefined ? 'not sold' : `${price} minor units a credit`;
const percent = (most: number | undefined) => (most === undefined ? 'nothing' : `up to ${most}%`);
const amount = (limit: Limit) => (limit === null ? 'unlimited' : limit.toLocaleString('en'));
const price = (rate: number | undefined) =>
  rate === undefined ? 'not sold' : `${rate.toLocaleString('en')} µcr`;
