import { isDeepStrictEqual } from 'node:util';
import type { Db, DbOrTx } from '../../../db/client.ts';
import { repeated } from '../../../db/repeated.ts';
import type { PlanDraft } from '../../../db/catalogue/plans-file.ts';
import {
  carryTenants,
  countOnPlan,
  insertPlanVersion,
  listPlanVersions,
  listUncarried,
  lockPlanVersions,
  markCarried,
  rebindPrices,
} from '../../../db/repositories/billing/plan-version.repository.ts';
import type { Clock } from '../../../domain/clock.ts';
import type { Plan, PlanDefinition } from '../../../domain/plans.ts';
import { RESOURCE_TYPES, type Limit } from '../../../domain/quota.ts';

/** What publishing one plan means. */
export interface Publication {
  plan: Plan;
  version: number;
  /** Sentences: what differs from the version before. */
  changes: string[];
  /** Teams that get it at once; others get it with a price that is new. */
  teams: number;
  /** Teams that keep the version they bought. */
  keeping: number;
}

export interface PublishOptions {
  /** Also for those who have a price of the plan already. */
  everyone: boolean;
}

const AT_ONCE = 500;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** What `drafts` would change, and for whom; changes nothing. */
export async function foreseePlans(
  db: Db,
  drafts: readonly PlanDraft[],
  options: PublishOptions,
): Promise<Publication[]> {
  const versions = await listPlanVersions(db);
  const due = drafts.flatMap((draft) => differing(draft, versions));
  return Promise.all(due.map((one) => foresee(db, one, options)));
}

/**
 * Publishes what differs as new versions, and carries them to who gets them: on free everybody, on the
 * paid plans those who buy by a price that is new, or everybody too. Cut short it is taken up by the
 * next call, or by `carryPublished` within a minute. `onProgress` is told how many teams have theirs.
 */
export async function publishPlans(
  { db, clock }: { db: Db; clock: Clock },
  drafts: readonly PlanDraft[],
  options: PublishOptions & { onProgress?: (teams: number) => void },
): Promise<Publication[]> {
  const published = await db.transaction(async (tx) => {
    await lockPlanVersions(tx);
    const versions = await listPlanVersions(tx);
    const due = drafts.flatMap((draft) => differing(draft, versions));
    const foreseen: Publication[] = [];
    for (const one of due) {
      foreseen.push(await foresee(tx, one, options));
      const { plan, version } = one.next;
      await insertPlanVersion(tx, one.next, clock.now());
      if (options.everyone) await rebindPrices(tx, { plan, version }, clock.now());
      else if (plan !== 'free') await markCarried(tx, { plan, version }, clock.now());
    }
    return foreseen;
  });
  await carryPublished({ db, clock }, options.onProgress);
  return published;
}

/**
 * Carries what was published to those who get it and have it not yet: what a publication that was cut
 * short left, and the first plans of a database that had teams before it had plans. `onProgress` is told
 * how many teams have theirs.
 */
export async function carryPublished(
  { db, clock }: { db: Db; clock: Clock },
  onProgress?: (teams: number) => void,
): Promise<void> {
  let teams = 0;
  for (const one of await listUncarried(db)) {
    teams += await carry(db, one, clock.now(), (more) => onProgress?.(teams + more));
    await markCarried(db, one, clock.now());
  }
}

async function carry(
  db: Db,
  { plan, version }: { plan: Plan; version: number },
  now: Date,
  onProgress: (teams: number) => void,
): Promise<number> {
  let carried = 0;
  for (let after = FIRST_ID; ;) {
    // Somebody's sync may hold the same rows in another order.
    const ids = await repeated(() =>
      carryTenants(db, { plan, version, after, limit: AT_ONCE, now }),
    );
    const last = ids.at(-1);
    if (last === undefined) return carried;
    after = last;
    onProgress((carried += ids.length));
  }
}

interface Due {
  next: PlanDefinition;
  before: PlanDefinition | undefined;
}

function differing(draft: PlanDraft, versions: readonly PlanDefinition[]): Due[] {
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
  return isSame ? [] : [{ next, before }];
}

async function foresee(db: DbOrTx, { next, before }: Due, options: PublishOptions) {
  const { plan, version } = next;
  const onPlan = await countOnPlan(db, plan);
  const reaches = plan === 'free' || options.everyone;
  return {
    plan,
    version,
    changes: before ? changesOf(before, next) : ['is new'],
    teams: reaches ? onPlan : 0,
    keeping: reaches ? 0 : onPlan,
  };
}

function changesOf(before: PlanDefinition, next: PlanDefinition): string[] {
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

const minor = (price: string | undefined) =>
  price === undefined ? 'not sold' : `${price} minor units a credit`;
const percent = (most: number | undefined) => (most === undefined ? 'nothing' : `up to ${most}%`);
const amount = (limit: Limit) => (limit === null ? 'unlimited' : limit.toLocaleString('en'));
const price = (rate: number | undefined) =>
  rate === undefined ? 'not sold' : `${rate.toLocaleString('en')} µcr`;
