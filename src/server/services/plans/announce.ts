import type { Db, Tx } from '../../../db/client.ts';
import {
  announcedAs,
  ANNOUNCING_MAIL,
  endAnnouncement,
  insertAnnouncement,
  keepPending,
  listOnPlan,
  listPending,
  listTold,
  type Announcement,
  type OnPlan,
} from '../../../db/repositories/billing/plan-announcement.repository.ts';
import {
  listPlanVersions,
  type PublishedPlan,
} from '../../../db/repositories/billing/plan-version.repository.ts';
import type { Tenant } from '../../../db/schema/index.ts';
import type { AnnouncedChange } from '../../../domain/api.ts';
import type { Clock } from '../../../domain/clock.ts';
import { NO_ID } from '../../../domain/ids.ts';
import {
  worseTerms,
  type Plan,
  type PlanDefinition,
  type WorseTerm,
} from '../../../domain/plans.ts';
import { queueMail } from '../mail/queue-mail.ts';

/** A team to which a version gives less than it has, or of which it asks more. */
export interface Touched {
  id: string;
  name: string;
  terms: WorseTerm[];
}

const AT_ONCE = 500;
const NOTICE_DAYS = 30;

/** When what is announced now takes effect: with the first day, in UTC, that begins after the notice. */
export function effectiveAfter(now: Date): Date {
  return new Date(
    Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + NOTICE_DAYS + 1),
  );
}

/**
 * Who has paid for a plan by a version that is better for them than `next`: on free for credits, which pay for what
 * is beyond the quota. With `untoldOf` who has no mail of it.
 */
export async function listTouched(
  db: Db | Tx,
  next: PlanDefinition,
  versions: readonly PublishedPlan[],
  now: Date,
  untoldOf?: Announcement,
): Promise<Touched[]> {
  const touched: Touched[] = [];
  for (let after = NO_ID; ;) {
    const teams = await listOnPlan(db, next.plan, { after, limit: AT_ONCE, now }, untoldOf);
    for (const team of teams) {
      const terms = termsFor(team, next, versions);
      if (terms.length > 0) touched.push({ id: team.id, name: team.name, terms });
    }
    const last = teams.at(-1);
    if (last === undefined) return touched;
    after = last.id;
  }
}

/** What a team on the plan loses by `next`. */
function termsFor(
  { version, currency }: Pick<OnPlan, 'version' | 'currency'>,
  next: PlanDefinition,
  versions: readonly PublishedPlan[],
): WorseTerm[] {
  // Who has it already, or what was published later, loses nothing by it.
  if (version !== null && version >= next.version) return [];
  const older = versions.filter((one) => one.plan === next.plan && one.version < next.version);
  const before =
    older.find((one) => one.version === version) ??
    older.findLast(({ isOnlyAnnounced }) => !isOnlyAnnounced);
  const terms = before ? worseTerms(before, next, currency) : [];
  // The quota of free was paid by nobody; what credits buy beyond it was.
  return next.plan === 'free' && !terms.some(({ what }) => what === 'rate') ? [] : terms;
}

const announcedIn = (versions: readonly PublishedPlan[], { plan, version }: Announcement) =>
  versions.find((one) => one.plan === plan && one.version === version);

/** What is announced and touches a team, also before the mail of it is written; null for nothing. */
export async function announcedFor(
  db: Db,
  team: Pick<Tenant, 'plan' | 'planVersion' | 'overageCurrency'>,
): Promise<AnnouncedChange | null> {
  const pending = (await listPending(db)).find(({ plan }) => plan === team.plan);
  if (!pending) return null;
  const versions = await listPlanVersions(db);
  const next = announcedIn(versions, pending);
  const has = { version: team.planVersion, currency: team.overageCurrency };
  const terms = next ? termsFor(has, next, versions) : [];
  return terms.length > 0 ? { effectiveAt: pending.effectiveAt.toISOString(), terms } : null;
}

/**
 * What is announced of the versions that are sold, by plan: whoever buys one now has it until then. What a credit
 * of overage costs is told in every currency.
 */
export async function announcedOfSold(
  db: Db,
  sold: readonly PlanDefinition[],
): Promise<ReadonlyMap<Plan, AnnouncedChange>> {
  const pending = await listPending(db);
  const found = new Map<Plan, AnnouncedChange>();
  if (pending.length === 0) return found;
  const versions = await listPlanVersions(db);
  for (const announcement of pending) {
    const { plan, version, effectiveAt } = announcement;
    const now = sold.find((one) => one.plan === plan && one.version < version);
    const next = announcedIn(versions, announcement);
    if (!now || !next) continue;
    const prices = Object.keys(now.overage).flatMap((currency) =>
      worseTerms(now, next, currency).filter(({ what }) => what === 'overage'),
    );
    const terms = [...worseTerms(now, next, null), ...prices];
    if (terms.length > 0) found.set(plan, { effectiveAt: effectiveAt.toISOString(), terms });
  }
  return found;
}

/**
 * Announces a version to those whom it touches, in the transaction that publishes it: it is never in force
 * for somebody to whom no mail was written.
 */
export async function announce(
  tx: Tx,
  announcement: Announcement,
  touched: readonly Touched[],
  now: Date,
): Promise<void> {
  const before = await callOff(tx, announcement, now);
  await insertAnnouncement(tx, announcement, now);
  for (const team of touched) await tell(tx, announcement, team, before.has(team.id), now);
  const ids = new Set(touched.map(({ id }) => id));
  for (const [id, was] of before) if (!ids.has(id)) await tellOff(tx, was, id, now);
}

/** Takes back what is announced of a plan, since `by` is for everybody at once; who was told of it is told. */
export async function replaceAnnounced(
  tx: Tx,
  by: Pick<Announcement, 'plan' | 'version'>,
  now: Date,
): Promise<void> {
  for (const [id, was] of await callOff(tx, by, now)) await tellOff(tx, was, id, now);
}

/**
 * Tells those who have come to a plan since a change of it was announced, and still by an older version:
 * they are told when they come, which may be less than the notice before. Nobody is told of what is called off
 * meanwhile.
 */
export async function announceToNewcomers({ db, clock }: { db: Db; clock: Clock }): Promise<void> {
  const pending = await listPending(db);
  if (pending.length === 0) return;
  const versions = await listPlanVersions(db);
  for (const announcement of pending) {
    for (const team of await listUntold(db, announcement, versions, clock.now())) {
      await db.transaction(async (tx) => {
        if (await keepPending(tx, announcement)) {
          await tell(tx, announcement, team, false, clock.now());
        }
      });
    }
  }
}

/** Tells the last of them, in the transaction from which on it is in force. */
export async function tellLast(
  tx: Tx,
  announcement: Announcement,
  versions: readonly PublishedPlan[],
  now: Date,
): Promise<void> {
  for (const team of await listUntold(tx, announcement, versions, now)) {
    await tell(tx, announcement, team, false, now);
  }
}

async function listUntold(
  db: Db | Tx,
  announcement: Announcement,
  versions: readonly PublishedPlan[],
  now: Date,
): Promise<Touched[]> {
  const next = announcedIn(versions, announcement);
  return next ? listTouched(db, next, versions, now, announcement) : [];
}

/** Ends what is pending of the plan; answers who was told of which. */
async function callOff(
  tx: Tx,
  { plan, version }: Pick<Announcement, 'plan' | 'version'>,
  now: Date,
): Promise<Map<string, Announcement>> {
  const told = new Map<string, Announcement>();
  for (const one of await listPending(tx)) {
    if (one.plan !== plan || one.version >= version) continue;
    // Ended first: who is being told just now is among those who were.
    await endAnnouncement(tx, one, { calledOffAt: now });
    for (const id of await listTold(tx, one)) told.set(id, one);
  }
  return told;
}

function tell(
  tx: Tx,
  announcement: Announcement,
  { id, terms }: Touched,
  replaces: boolean,
  now: Date,
): Promise<void> {
  const { plan, effectiveAt } = announcement;
  return queueMail(tx, id, {
    ...{ kind: ANNOUNCING_MAIL, subjectId: announcedAs(announcement) + id, attempt: 0, now },
    data: { plan, effectiveAt: effectiveAt.toISOString(), terms, replaces },
  });
}

function tellOff(tx: Tx, was: Announcement, id: string, now: Date): Promise<void> {
  const { plan, effectiveAt } = was;
  return queueMail(tx, id, {
    ...{ kind: 'plan_changes_off', subjectId: announcedAs(was) + id, attempt: 0, now },
    data: { plan, effectiveAt: effectiveAt.toISOString() },
  });
}
