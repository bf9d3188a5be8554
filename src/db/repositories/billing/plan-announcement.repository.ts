import { and, asc, eq, gt, inArray, isNull, lte, sql } from 'drizzle-orm';
import type { Plan } from '../../../domain/plans.ts';
import type { DbOrTx } from '../../client.ts';
import { creditPurchases, mailOutbox, planAnnouncements, tenants } from '../../schema/index.ts';

/** A version that reaches those who have the plan already at `effectiveAt`. */
export interface Announcement {
  plan: Plan;
  version: number;
  effectiveAt: Date;
}

/** The mail that tells a team of it. */
export const ANNOUNCING_MAIL = 'plan_changes' as const;

/** Under what the mails of an announcement stand in the outbox; the team's id follows. */
export const announcedAs = ({ plan, version }: Pick<Announcement, 'plan' | 'version'>) =>
  `${plan}:${version}:`;

export async function insertAnnouncement(
  db: DbOrTx,
  { plan, version, effectiveAt }: Announcement,
  now: Date,
): Promise<void> {
  await db.insert(planAnnouncements).values({ plan, version, effectiveAt, announcedAt: now });
}

/** What is announced and neither in force nor called off, the oldest first; `dueBy` only what is due then. */
export function listPending(db: DbOrTx, dueBy?: Date): Promise<Announcement[]> {
  const { plan, version, effectiveAt, carriedAt, calledOffAt } = planAnnouncements;
  const isDue = dueBy === undefined ? undefined : lte(effectiveAt, dueBy);
  return db
    .select({ plan, version, effectiveAt })
    .from(planAnnouncements)
    .where(and(isNull(carriedAt), isNull(calledOffAt), isDue))
    .orderBy(asc(effectiveAt), asc(version));
}

/** Whether it is pending still, and so until the end of the transaction: who ends it waits. */
export async function keepPending(
  tx: DbOrTx,
  { plan, version }: Pick<Announcement, 'plan' | 'version'>,
): Promise<boolean> {
  const { carriedAt, calledOffAt } = planAnnouncements;
  const rows = await tx
    .select({ plan: planAnnouncements.plan })
    .from(planAnnouncements)
    .where(
      and(
        ...[eq(planAnnouncements.plan, plan), eq(planAnnouncements.version, version)],
        ...[isNull(carriedAt), isNull(calledOffAt)],
      ),
    )
    .for('share');
  return rows.length > 0;
}

/** Ends an announcement: it is in force for everybody, or never will be. */
export async function endAnnouncement(
  db: DbOrTx,
  { plan, version }: Pick<Announcement, 'plan' | 'version'>,
  end: { carriedAt: Date } | { calledOffAt: Date },
): Promise<void> {
  await db
    .update(planAnnouncements)
    .set(end)
    .where(and(eq(planAnnouncements.plan, plan), eq(planAnnouncements.version, version)));
}

/** A team on a plan, and by which version it has it. */
export interface OnPlan {
  id: string;
  name: string;
  version: number | null;
  currency: string | null;
}

/**
 * The next teams that have paid for what a plan includes, by their ids: on free those whose bought credits may still
 * be used at `now`. With `untoldOf` those alone that have no mail of it.
 */
export function listOnPlan(
  db: DbOrTx,
  plan: Plan,
  page: { after: string; limit: number; now: Date },
  untoldOf?: Announcement,
): Promise<OnPlan[]> {
  const untold =
    untoldOf &&
    sql`not exists (select from ${mailOutbox} where ${mailOutbox.kind} = ${ANNOUNCING_MAIL}
      and ${mailOutbox.subjectId} = ${announcedAs(untoldOf)} || ${tenants.id}::text)`;
  return db
    .select({
      id: tenants.id,
      name: tenants.name,
      version: tenants.planVersion,
      currency: tenants.overageCurrency,
    })
    .from(tenants)
    .where(
      and(
        ...[eq(tenants.plan, plan), isNull(tenants.deletedAt), gt(tenants.id, page.after)],
        ...[plan === 'free' ? inArray(tenants.id, buyers(db, page.now)) : undefined, untold],
      ),
    )
    .orderBy(asc(tenants.id))
    .limit(page.limit);
}

/** Who has bought credits that may still be used. */
function buyers(db: DbOrTx, now: Date) {
  const { tenantId, state, paidAt, validDays } = creditPurchases;
  return db
    .select({ tenantId })
    .from(creditPurchases)
    .where(
      and(
        inArray(state, ['paid', 'granted', 'partly_refunded', 'disputed']),
        sql`${paidAt} + ${validDays} * interval '1 day' > ${now.toISOString()}`,
      ),
    );
}

/** The teams that have a mail of an announcement. */
export async function listTold(db: DbOrTx, announcement: Announcement): Promise<string[]> {
  const rows = await db
    .selectDistinct({ tenantId: mailOutbox.tenantId })
    .from(mailOutbox)
    .where(
      and(
        eq(mailOutbox.kind, ANNOUNCING_MAIL),
        sql`starts_with(${mailOutbox.subjectId}, ${announcedAs(announcement)})`,
      ),
    );
  return rows.flatMap(({ tenantId }) => tenantId ?? []);
}

/** Other processes read anew what is sold. */
export async function tellPublished(db: DbOrTx): Promise<void> {
  await db.execute(sql`select pg_notify('plans_published', '')`);
}
