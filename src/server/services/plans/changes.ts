import { isDeepStrictEqual } from 'node:util';
import type { PlanDraft } from '../../../db/catalogue/plans-file.ts';
import type { Announcement } from '../../../db/repositories/billing/plan-announcement.repository.ts';
import type { PlanDefinition } from '../../../domain/plans.ts';
import { RESOURCE_TYPES, type Limit } from '../../../domain/quota.ts';

/** Sentences for whoever publishes: how one version differs from the one before. */
export function changesOf(before: PlanDefinition, next: PlanDefinition): string[] {
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

/** A version that is to be published, and the newest until then. */
export interface Due {
  next: PlanDefinition;
  before: PlanDefinition | undefined;
}

/** What differs from the newest; for everyone also what is the newest, where an older version is announced yet. */
export function dueOf(
  drafts: readonly PlanDraft[],
  versions: readonly PlanDefinition[],
  pending: readonly Announcement[],
  everyone: boolean,
): Due[] {
  return drafts.flatMap((draft) => {
    const { isSame, ...one } = compared(draft, versions);
    const { plan, version } = one.next;
    const replaces = pending.some((other) => other.plan === plan && other.version < version - 1);
    return !isSame || (everyone && replaces) ? [one] : [];
  });
}

function compared(
  draft: PlanDraft,
  versions: readonly PlanDefinition[],
): Due & { isSame: boolean } {
  const before = versions.filter(({ plan }) => plan === draft.plan).at(-1);
  const seats = draft.seats ?? before?.seats ?? 1;
  const next = { ...draft, seats, version: (before?.version ?? 0) + 1 };
  const contents = ({
    name,
    features,
    limits,
    rates,
    overage,
    rollover,
    seats,
  }: PlanDefinition) => ({
    name,
    features: [...features].sort(),
    limits: { ...limits },
    rates: { ...rates },
    overage: { ...overage },
    rollover: { ...rollover },
    seats,
  });
  const isSame = before !== undefined && isDeepStrictEqual(contents(before), contents(next));
  return { next, before, isSame };
}

const minor = (price: string | undefined) =>
  price === undefined ? 'not sold' : `${price} minor units a credit`;
const percent = (most: number | undefined) => (most === undefined ? 'nothing' : `up to ${most}%`);
const amount = (limit: Limit) => (limit === null ? 'unlimited' : limit.toLocaleString('en'));
const price = (rate: number | undefined) =>
  rate === undefined ? 'not sold' : `${rate.toLocaleString('en')} µcr`;
