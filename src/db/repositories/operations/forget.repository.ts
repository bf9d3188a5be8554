import { and, eq, getTableName, inArray, isNull, lt, or, sql, type SQL } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import { LINK_MAILS } from '../../../domain/accounts/retention.ts';
import type { DbOrTx } from '../../client.ts';
import {
  alerts,
  apiKeys,
  checkoutSessions,
  creditPurchases,
  mailOutbox,
  stripeEvents,
} from '../../schema/index.ts';

/** A statement's worth: short enough to hold nothing up. */
const AT_ONCE = 5_000;

/** Keys that were revoked, or ran out, before `before`. */
export const forgetApiKeys = (db: DbOrTx, before: Date) =>
  forget(db, apiKeys, or(lt(apiKeys.revokedAt, before), lt(apiKeys.expiresAt, before))!);

/** Payment pages that ran out before `before` and on which nobody paid. */
export const forgetExpiredCheckouts = (db: DbOrTx, before: Date) =>
  forget(
    db,
    checkoutSessions,
    and(eq(checkoutSessions.status, 'expired'), lt(checkoutSessions.expiresAt, before))!,
  );

/**
 * Packs that could be paid until before `before`, and were not. One that Stripe has an invoice of stays, for
 * that says what it is of; so does one that waits for anything.
 */
export const forgetUnpaidPurchases = (db: DbOrTx, before: Date) =>
  forget(
    db,
    creditPurchases,
    and(
      inArray(creditPurchases.state, ['expired', 'failed']),
      lt(creditPurchases.expiresAt, before),
      ...(['paidAt', 'stripeInvoiceId', 'creditsExpireAt', 'refundAskedAt', 'lookAt'] as const).map(
        (told) => isNull(creditPurchases[told]),
      ),
    )!,
  );

/** Mails with a link that were written before `before`. */
export const forgetLinkMails = (db: DbOrTx, before: Date) =>
  forget(
    db,
    mailOutbox,
    and(inArray(mailOutbox.kind, [...LINK_MAILS]), lt(mailOutbox.createdAt, before))!,
  );

/** Events that are handled and arrived before `before`; those that were given up stay. */
export const forgetEvents = (db: DbOrTx, before: Date) =>
  forget(
    db,
    stripeEvents,
    and(
      inArray(stripeEvents.state, ['processed', 'ignored']),
      lt(stripeEvents.receivedAt, before),
    )!,
  );

/** Alerts that were closed before `before`. */
export const forgetAlerts = (db: DbOrTx, before: Date) =>
  forget(db, alerts, lt(alerts.resolvedAt, before));

/** Deletes what is over, a few rows at a time; answers how many. */
async function forget(db: DbOrTx, table: PgTable, isOver: SQL): Promise<number> {
  const name = sql.identifier(getTableName(table));
  let count = 0;
  for (let last = AT_ONCE; last === AT_ONCE; count += last) {
    const { rowCount } = await db.execute(sql`
      delete from ${name} where ctid = any(array(
        select ctid from ${name} where ${isOver} limit ${AT_ONCE} for update skip locked))`);
    last = rowCount ?? 0;
  }
  return count;
}
