import { and, asc, desc, eq, isNull, ne, sql } from 'drizzle-orm';
import type { Role } from '../../../domain/ids.ts';
import type { DbOrTx, Tx } from '../../client.ts';
import { memberships, tenants, users, type Membership, type Tenant } from '../../schema/index.ts';

/** `undefined` where the person does not belong to the tenant, or it is deleted. */
export async function findMembership(
  db: DbOrTx,
  { tenantId, userId }: { tenantId: string; userId: string },
): Promise<Membership | undefined> {
  const [row] = await db
    .select({ membership: memberships })
    .from(memberships)
    .innerJoin(tenants, eq(memberships.tenantId, tenants.id))
    .where(
      and(
        ...[eq(memberships.tenantId, tenantId), eq(memberships.userId, userId)],
        isNull(tenants.deletedAt),
      ),
    );
  return row?.membership;
}

/** One tenant that a person belongs to. */
export interface PersonsTenant {
  membership: Membership;
  tenant: Tenant;
}

/** The tenants of a person, by their names. */
export function listTenantsOf(db: DbOrTx, userId: string): Promise<PersonsTenant[]> {
  return db
    .select({ membership: memberships, tenant: tenants })
    .from(memberships)
    .innerJoin(tenants, eq(memberships.tenantId, tenants.id))
    .where(and(eq(memberships.userId, userId), isNull(tenants.deletedAt)))
    .orderBy(asc(tenants.name), asc(tenants.id));
}

/** Somebody who belongs to a tenant, as the others there see them. */
export interface MemberRow extends Membership {
  email: string;
  displayName: string;
}

const member = {
  tenantId: memberships.tenantId,
  userId: memberships.userId,
  role: memberships.role,
  hasSeat: memberships.hasSeat,
  joinedAt: memberships.joinedAt,
  chosenAt: memberships.chosenAt,
  email: users.email,
  displayName: users.displayName,
};

/** Who belongs to the tenant: owners first, then admins, each in the order of joining. */
export function listMembers(db: DbOrTx, tenantId: string): Promise<MemberRow[]> {
  return db
    .select(member)
    .from(memberships)
    .innerJoin(users, eq(memberships.userId, users.id))
    .where(eq(memberships.tenantId, tenantId))
    .orderBy(asc(memberships.role), asc(memberships.joinedAt), asc(memberships.userId));
}

/**
 * Locks a tenant's row, so that changes of its people take turns: of two owners who leave at once the
 * second sees the first gone, and no seat is given twice. `undefined` for deleted tenants.
 */
export async function lockTenantOfPeople(tx: Tx, tenantId: string): Promise<Tenant | undefined> {
  const [row] = await tx
    .select()
    .from(tenants)
    .where(and(eq(tenants.id, tenantId), isNull(tenants.deletedAt)))
    .for('no key update');
  return row;
}

/** How many seats the tenant's plan has, in its version of it. */
export async function readPlanSeats(
  db: DbOrTx,
  { plan, planVersion }: Pick<Tenant, 'plan' | 'planVersion'>,
): Promise<number> {
  const { rows } = await db.execute<{ seats: number }>(
    sql`select plan_seats_of(${plan}::plan, ${planVersion}::int) as seats`,
  );
  return rows[0]!.seats;
}

/** False when the person is a member already. */
export async function insertMembership(
  tx: Tx,
  values: { tenantId: string; userId: string; role: Role; now: Date },
): Promise<boolean> {
  const { now, ...row } = values;
  const { rowCount } = await tx
    .insert(memberships)
    .values({ ...row, joinedAt: now })
    .onConflictDoNothing();
  return rowCount === 1;
}

/** What of a membership may change; the caller holds the tenant's row. */
export async function updateMembership(
  tx: Tx,
  { tenantId, userId }: Pick<Membership, 'tenantId' | 'userId'>,
  changes: Partial<Pick<Membership, 'role' | 'hasSeat'>>,
): Promise<void> {
  await tx
    .update(memberships)
    .set(changes)
    .where(and(eq(memberships.tenantId, tenantId), eq(memberships.userId, userId)));
}

export async function deleteMembership(
  tx: Tx,
  { tenantId, userId }: Pick<Membership, 'tenantId' | 'userId'>,
): Promise<void> {
  await tx
    .delete(memberships)
    .where(and(eq(memberships.tenantId, tenantId), eq(memberships.userId, userId)));
}

/** The next sign-in begins there. */
export async function markTenantChosen(
  db: DbOrTx,
  { tenantId, userId, now }: { tenantId: string; userId: string; now: Date },
): Promise<void> {
  await db
    .update(memberships)
    .set({ chosenAt: now })
    .where(and(eq(memberships.tenantId, tenantId), eq(memberships.userId, userId)));
}

export function countMembers(db: DbOrTx, { tenantId }: { tenantId: string }): Promise<number> {
  return db.$count(memberships, eq(memberships.tenantId, tenantId));
}

/** How many others are in the tenant, and how many of those own it. */
export async function countOthers(
  db: DbOrTx,
  { tenantId, userId }: { tenantId: string; userId: string },
): Promise<{ people: number; owners: number }> {
  const [row] = await db
    .select({
      people: sql<number>`count(*)::int`,
      owners: sql<number>`(count(*) filter (where ${memberships.role} = 'owner'))::int`,
    })
    .from(memberships)
    .where(and(eq(memberships.tenantId, tenantId), ne(memberships.userId, userId)));
  return row ?? { people: 0, owners: 0 };
}

/** Where a person's sign-in begins: the tenant that was chosen last. */
export const chosenFirst = [
  sql`${desc(memberships.chosenAt)} nulls last`,
  asc(memberships.joinedAt),
  asc(memberships.tenantId),
];
