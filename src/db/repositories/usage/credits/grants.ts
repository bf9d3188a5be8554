import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import type { GrantOrigin } from '../../../../domain/billing/credits.ts';
import type { Actor } from '../../../../domain/ids.ts';
import {
  actorId,
  hasAuditEntry,
  insertAuditEntry,
  type AuditRecord,
} from '../../operations/audit-log.repository.ts';
import type { CreditPlace } from './place.ts';

/** What is done to a tenant's credits, by whom and why. */
interface Change {
  tenantId: string;
  actor: Actor;
  reason: string;
  now: Date;
}

/** A grant as it was made. */
export interface Grant {
  id: string;
  origin: GrantOrigin;
  originRef: string;
  /** µcr, above 0. */
  amountMicro: number;
  isPaid: boolean;
  effectiveAt: Date;
  /** After `effectiveAt`. */
  expiresAt: Date;
}

export interface NewGrant extends Change, Omit<Grant, 'id'> {}

/** A change of one grant; `ref` once a verb, a repeat of which does nothing. */
interface GrantChange extends Change {
  grantId: string;
  ref: string;
}

export interface Revocation {
  /** µcr that are gone from the grant now. */
  revokedMicro: number;
  /** µcr that reservations hold: revoked as soon and as far as they come back. */
  pendingMicro: number;
  /** µcr that were to be revoked and are used already. */
  shortfallMicro: number;
  isNew: boolean;
}

/** Makes a grant where the tenant is, once an origin and ref; a repeat answers the first one. */
export async function insertGrant(
  at: CreditPlace,
  made: NewGrant,
): Promise<{ grant: Grant; isNew: boolean }> {
  const { tenantId, origin, originRef, amountMicro, isPaid, actor, reason, now } = made;
  const bucket = sql.identifier(at.schema);
  const { rows } = await at.bucket.execute<{ grant_id: string; is_new: boolean }>(sql`
    select grant_id, is_new from ${bucket}.credit_grant(${tenantId}, ${randomUUID()}, ${origin},
      ${originRef}, ${isPaid ? 1 : 0}::smallint, ${amountMicro}, ${made.effectiveAt.toISOString()},
      ${made.expiresAt.toISOString()}, ${who(actor)}, ${reason}, ${now.toISOString()})`);
  const { grant_id: id, is_new: isNew } = rows[0]!;
  await writeDown(at, isNew, {
    ...{ tenantId, actor, now, cause: reason },
    action: 'credits.granted',
    subjectId: id,
    after: { ref: originRef, origin, amountMicro, expiresAt: made.expiresAt.toISOString() },
  });
  return { grant: (await findGrant(at, tenantId, { grantId: id }))!, isNew };
}

/** By its id, or by what it was made for. `undefined` when there is none. */
export async function findGrant(
  at: CreditPlace,
  tenantId: string,
  by: { grantId: string } | { origin: GrantOrigin; originRef: string },
): Promise<Grant | undefined> {
  const bucket = sql.identifier(at.schema);
  const wanted =
    'grantId' in by
      ? sql`id = ${by.grantId}`
      : sql`origin = ${by.origin} and origin_ref = ${by.originRef}`;
  const { rows } = await at.bucket.execute<{
    id: string;
    origin: GrantOrigin;
    origin_ref: string;
    amount_micro: string;
    class: number;
    effective_at: string;
    expires_at: string;
  }>(sql`
    select id, origin, origin_ref, amount_micro, class, effective_at, expires_at
    from ${bucket}.credit_grants where tenant_id = ${tenantId} and ${wanted}`);
  const row = rows[0];
  return (
    row && {
      id: row.id,
      origin: row.origin,
      originRef: row.origin_ref,
      amountMicro: Number(row.amount_micro),
      isPaid: row.class === 1,
      effectiveAt: new Date(row.effective_at),
      expiresAt: new Date(row.expires_at),
    }
  );
}

export type CreditVerb = 'revoke' | 'freeze' | 'unfreeze' | 'spare';

/** Which grant a ref has changed by this verb; `undefined` while none. */
export async function findChanged(
  at: CreditPlace,
  tenantId: string,
  verb: CreditVerb,
  ref: string,
): Promise<string | undefined> {
  const { rows } = await at.bucket.execute<{ grant_id: string }>(sql`
    select grant_id from ${sql.identifier(at.schema)}.credit_changes
    where tenant_id = ${tenantId} and verb = ${verb} and ref = ${ref}`);
  return rows[0]?.grant_id;
}

/** Takes back up to `micro` of a grant (null: all of it); see `credit_revoke`. */
export async function revokeGrant(
  at: CreditPlace,
  change: GrantChange & { micro: number | null },
): Promise<Revocation> {
  const { tenantId, grantId, ref, micro, actor, reason, now } = change;
  const bucket = sql.identifier(at.schema);
  const { rows } = await at.bucket.execute<
    Record<'revoked_micro' | 'pending_micro' | 'shortfall_micro', string> & { is_new: boolean }
  >(sql`
    select * from ${bucket}.credit_revoke(${tenantId}, ${grantId}, ${ref}, ${micro}, ${who(actor)},
      ${reason}, ${now.toISOString()})`);
  const row = rows[0]!;
  const revocation = {
    revokedMicro: Number(row.revoked_micro),
    pendingMicro: Number(row.pending_micro),
    shortfallMicro: Number(row.shortfall_micro),
    isNew: row.is_new,
  };
  const { isNew, ...after } = revocation;
  await writeDown(at, isNew, {
    ...{ tenantId, actor, now, cause: reason, after: { ref, ...after } },
    action: 'credits.revoked',
    subjectId: grantId,
  });
  return revocation;
}

/**
 * Ends a revocation that is not to be; answers how many µcr it had taken, the same for a repeat. What
 * holds would have given up for it they keep; see `credit_spare`.
 */
export async function spareGrant(at: CreditPlace, change: GrantChange): Promise<number> {
  const { tenantId, grantId, ref, actor, reason, now } = change;
  const { rows } = await at.bucket.execute<{ taken: string }>(sql`
    select ${sql.identifier(at.schema)}.credit_spare(${tenantId}, ${grantId}, ${ref}, ${who(actor)},
      ${reason}, ${now.toISOString()}) as taken`);
  return Number(rows[0]!.taken);
}

/**
 * Keeps a grant from being drawn, or lets it be drawn again: its end then moves by `extendByMs`, by
 * the time it was frozen when that is null. False for a repeat.
 */
export async function freezeGrant(
  at: CreditPlace,
  change: GrantChange & ({ freeze: true } | { freeze: false; extendByMs: number | null }),
): Promise<boolean> {
  const { tenantId, grantId, ref, freeze, actor, reason, now } = change;
  const bucket = sql.identifier(at.schema);
  const extendBy =
    freeze || change.extendByMs === null ? null : `${change.extendByMs} milliseconds`;
  const { rows } = await at.bucket.execute<{ done: boolean }>(sql`
    select ${bucket}.credit_freeze(${tenantId}, ${grantId}, ${ref}, ${freeze}, ${extendBy}::interval,
      ${who(actor)}, ${reason}, ${now.toISOString()}) as done`);
  const { done } = rows[0]!;
  await writeDown(at, done, {
    ...{ tenantId, actor, now, cause: reason, after: { ref } },
    action: freeze ? 'credits.frozen' : 'credits.unfrozen',
    subjectId: grantId,
  });
  return done;
}

/**
 * The change's entry of the audit log, once. On a server of its own a change may have been made and cut
 * short before its entry: the repeat writes it.
 */
async function writeDown(
  at: CreditPlace,
  isNew: boolean,
  entry: AuditRecord & {
    tenantId: string;
    subjectId: string;
    after: { ref: string; [fact: string]: unknown };
  },
): Promise<void> {
  const isWritten =
    !isNew && (at.bucket === at.main || (await hasAuditEntry(at.main, entry, entry.after.ref)));
  if (!isWritten) await insertAuditEntry(at.main, entry);
}

const who = (actor: Actor) => `${actor.kind}:${actorId(actor)}`;
