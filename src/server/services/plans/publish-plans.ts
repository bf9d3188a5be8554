import type { Db, Tx } from '../../../db/client.ts';
import { repeated } from '../../../db/repeated.ts';
import type { PlanDraft } from '../../../db/catalogue/plans-file.ts';
import {
  carryTenants,
  countBelow,
  insertPlanVersion,
  listPlanVersions,
  listSoldVersions,
  listUncarried,
  lockPlanVersions,
  markCarried,
  rebindPrices,
  unmarkCarried,
  type PublishedPlan,
} from '../../../db/repositories/billing/plan-version.repository.ts';
import {
  endAnnouncement,
  listPending,
  tellPublished,
  type Announcement,
} from '../../../db/repositories/billing/plan-announcement.repository.ts';
import type { Clock } from '../../../domain/clock.ts';
import { NO_ID } from '../../../domain/ids.ts';
import { worseTerms, type Plan, type PlanDefinition } from '../../../domain/plans.ts';
import {
  announce,
  effectiveAfter,
  listTouched,
  replaceAnnounced,
  tellLast,
  type Touched,
} from './announce.ts';
import { changesOf, dueOf, underWayOf, type Due, type Published } from './changes.ts';

/** What publishing one plan means. */
export interface Publication {
  plan: Plan;
  version: number;
  /** False for a version that was published before, and is for everybody from now on. */
  isNew: boolean;
  /** Sentences: what differs from the version before, or from those that are sold yet. */
  changes: string[];
  /** Not only for those who buy by a price that is new. */
  isForAll: boolean;
  /** Teams that get it, at once or when it takes effect; others get it with a price that is new. */
  teams: number;
  /** Teams that keep the version they bought. */
  keeping: number;
  /** Teams that have paid, to which it gives less or of which it asks more: they are told, and nobody gets it before. */
  touched: Touched[];
  /** When those get it who have the plan already; null for at once. */
  effectiveAt: Date | null;
  /** What is announced of the plan already and still comes. */
  pending: Announcement | null;
}

export interface PublishOptions {
  /** Also for those who have a price of the plan already. */
  everyone: boolean;
}

const AT_ONCE = 500;

/** What `drafts` would change, and for whom; changes nothing. */
export async function foreseePlans(
  { db, clock }: { db: Db; clock: Clock },
  drafts: readonly PlanDraft[],
  options: PublishOptions,
): Promise<Publication[]> {
  const known = await readPublished(db);
  const due = dueOf(drafts, known, options);
  return Promise.all(due.map((one) => foresee(db, one, known, options, clock.now())));
}

/** What of `drafts` is announced already, and comes without being published again. */
export async function listUnderWay(db: Db, drafts: readonly PlanDraft[]): Promise<Announcement[]> {
  return underWayOf(drafts, await readPublished(db));
}

/**
 * Publishes what differs as new versions, for everyone also what is the newest and not everybody's yet,
 * and carries them to who gets them: on free everybody, on the paid plans those who buy by a price that is new, or
 * everybody too. Everybody has it at once where nobody who has paid gets less by it, and else 30 days after it was
 * announced to them. Cut short it is taken up by the next call, or by
 * `carryPublished` within a minute. `onProgress` is told how many teams have theirs.
 */
export async function publishPlans(
  { db, clock }: { db: Db; clock: Clock },
  drafts: readonly PlanDraft[],
  options: PublishOptions & { onProgress?: (teams: number) => void },
): Promise<Publication[]> {
  const published = await db.transaction(async (tx) => {
    await lockPlanVersions(tx);
    const known = await readPublished(tx);
    const foreseen: Publication[] = [];
    const now = clock.now();
    for (const one of dueOf(drafts, known, options)) {
      const publication = await foresee(tx, one, known, options, now);
      foreseen.push(publication);
      if (one.isNew) await insertPlanVersion(tx, one.next, now);
      await assign(tx, publication, now);
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
  await bindAnnounced(db, clock.now());
  const uncarried = await listUncarried(db);
  if (uncarried.length === 0) return;
  const versions = await listPlanVersions(db);
  let teams = 0;
  for (const one of uncarried) {
    const to = { ...one, basesBelow: basesBelow(one, versions) };
    teams += await carry(db, to, clock.now(), (more) => onProgress?.(teams + more));
    await markCarried(db, one, clock.now());
  }
}

/**
 * Below which versions a step up is lifted: it begins at what was paid whole, and whoever pays one keeps that to
 * the end of its period where the version has less of it.
 */
function basesBelow(
  { plan, version }: { plan: Plan; version: number },
  versions: readonly PlanDefinition[],
): number[] {
  const ofPlan = versions.filter((one) => one.plan === plan);
  const next = ofPlan.find((one) => one.version === version);
  const keeps = (one: PlanDefinition) =>
    next === undefined || worseTerms(one, next, null).some(({ what }) => what === 'limit');
  return ofPlan.flatMap((one) => (one.version < version && !keeps(one) ? one.version : []));
}

async function carry(
  db: Db,
  to: { plan: Plan; version: number; basesBelow: readonly number[] },
  now: Date,
  onProgress: (teams: number) => void,
): Promise<number> {
  let carried = 0;
  for (let after = NO_ID; ;) {
    // Somebody's sync may hold the same rows in another order.
    const ids = await repeated(() => carryTenants(db, { ...to, after, limit: AT_ONCE, now }));
    const last = ids.at(-1);
    if (last === undefined) return carried;
    after = last;
    onProgress((carried += ids.length));
  }
}

/** Who gets a version that is published. */
async function assign(
  tx: Tx,
  { plan, version, isForAll, touched, effectiveAt }: Publication,
  now: Date,
): Promise<void> {
  if (effectiveAt) await announce(tx, { plan, version, effectiveAt }, touched, now);
  else if (isForAll) await replaceAnnounced(tx, { plan, version }, now);
  if (isForAll && !effectiveAt) await putInForce(tx, { plan, version }, now);
  else await markCarried(tx, { plan, version }, now);
}

/** From now on the plan's prices sell it, and those who have them get it. */
async function putInForce(
  tx: Tx,
  one: Pick<Publication, 'plan' | 'version'>,
  now: Date,
): Promise<void> {
  await rebindPrices(tx, one, now);
  await unmarkCarried(tx, one);
  await tellPublished(tx);
}

/** What was announced and is due is in force. */
async function bindAnnounced(db: Db, now: Date): Promise<void> {
  if ((await listPending(db, now)).length === 0) return;
  await db.transaction(async (tx) => {
    await lockPlanVersions(tx);
    const versions = await listPlanVersions(tx);
    for (const one of await listPending(tx, now)) {
      // Whoever came within the hour is not told yet.
      await tellLast(tx, one, versions, now);
      await endAnnouncement(tx, one, { carriedAt: now });
      await putInForce(tx, one, now);
    }
  });
}

type Known = Published & { versions: readonly PublishedPlan[] };

async function readPublished(db: Tx | Db): Promise<Known> {
  const versions = await listPlanVersions(db);
  const sold = await listSoldVersions(db);
  return { versions, sold, pending: await listPending(db) };
}

async function foresee(
  db: Tx | Db,
  due: Due,
  { versions, pending }: Known,
  { everyone }: PublishOptions,
  now: Date,
): Promise<Publication> {
  const { next, isNew } = due;
  const { plan, version } = next;
  const older = await countBelow(db, next);
  const isForAll = plan === 'free' || everyone;
  const touched = isForAll ? await listTouched(db, next, versions, now) : [];
  return {
    ...{ plan, version, isNew, isForAll, touched },
    changes: changesOf(due),
    effectiveAt: touched.length > 0 ? effectiveAfter(now) : null,
    pending: pending.find((one) => one.plan === plan) ?? null,
    teams: isForAll ? older : 0,
    keeping: isForAll ? 0 : older,
  };
}
