import { and, desc, eq, gt, inArray, isNull, lt } from 'drizzle-orm';
import type { Role } from '../../../domain/ids.ts';
import type { DbOrTx, Tx } from '../../client.ts';
import { invitations, tenants, users, type Invitation } from '../../schema/index.ts';

/** An invitation and who sent it; `null` when that account is gone. */
export interface InvitationRow {
  invitation: Invitation;
  inviter: string | null;
}

/** What was neither accepted nor revoked, the newest first; also what is past its end. */
export function listInvitations(db: DbOrTx, tenantId: string): Promise<InvitationRow[]> {
  return db
    .select({ invitation: invitations, inviter: users.displayName })
    .from(invitations)
    .leftJoin(users, eq(invitations.invitedBy, users.id))
    .where(and(eq(invitations.tenantId, tenantId), eq(invitations.state, 'open')))
    .orderBy(desc(invitations.createdAt), desc(invitations.id));
}

/** How many may still be accepted: each keeps a seat. */
export function countInvited(db: DbOrTx, tenantId: string, now: Date): Promise<number> {
  return db.$count(
    invitations,
    and(
      ...[eq(invitations.tenantId, tenantId), eq(invitations.state, 'open')],
      gt(invitations.expiresAt, now),
    ),
  );
}

/** The one of a tenant to an address, or with an id, that was neither accepted nor revoked. */
export async function findInvitation(
  db: DbOrTx,
  tenantId: string,
  which: { email: string } | { id: string },
): Promise<Invitation | undefined> {
  const [row] = await db
    .select()
    .from(invitations)
    .where(
      and(
        ...[eq(invitations.tenantId, tenantId), eq(invitations.state, 'open')],
        'id' in which ? eq(invitations.id, which.id) : eq(invitations.email, which.email),
      ),
    );
  return row;
}

/** By the hash of its newest link's token, in a tenant that is there. */
export async function findInvitationByToken(
  db: DbOrTx,
  tokenHash: string,
): Promise<(InvitationRow & { team: string }) | undefined> {
  const [row] = await db
    .select({ invitation: invitations, inviter: users.displayName, team: tenants.name })
    .from(invitations)
    .innerJoin(tenants, eq(invitations.tenantId, tenants.id))
    .leftJoin(users, eq(invitations.invitedBy, users.id))
    .where(and(eq(invitations.tokenHash, tokenHash), isNull(tenants.deletedAt)));
  return row;
}

export async function insertInvitation(
  tx: Tx,
  values: typeof invitations.$inferInsert,
): Promise<Invitation> {
  const [row] = await tx.insert(invitations).values(values).returning();
  if (!row) throw new Error('The database returned no invitation.');
  return row;
}

/** The caller holds the tenant's row. */
export async function updateInvitation(
  tx: Tx,
  id: string,
  changes: Partial<Invitation>,
): Promise<Invitation> {
  const [row] = await tx.update(invitations).set(changes).where(eq(invitations.id, id)).returning();
  if (!row) throw new Error(`The invitation ${id} is gone.`);
  return row;
}

/** Takes back what somebody has sent to become one of `roles`. The caller holds the tenant's row. */
export function revokeInvitationsOf(
  tx: Tx,
  values: { tenantId: string; invitedBy: string; roles: readonly Role[]; now: Date },
): Promise<Invitation[]> {
  const { tenantId, invitedBy, roles, now } = values;
  return tx
    .update(invitations)
    .set({ state: 'revoked', settledAt: now })
    .where(
      and(
        ...[eq(invitations.tenantId, tenantId), eq(invitations.invitedBy, invitedBy)],
        ...[eq(invitations.state, 'open'), inArray(invitations.role, [...roles])],
      ),
    )
    .returning();
}

/** Forgets addresses that were invited, when the mail's link has been over since `before`. */
export async function deleteOldInvitations(db: DbOrTx, before: Date): Promise<number> {
  const { rowCount } = await db.delete(invitations).where(lt(invitations.expiresAt, before));
  return rowCount ?? 0;
}

/** Takes away who was asked to join a deleted tenant. */
export async function deleteTenantInvitations(tx: Tx, tenantId: string): Promise<void> {
  await tx.delete(invitations).where(eq(invitations.tenantId, tenantId));
}
