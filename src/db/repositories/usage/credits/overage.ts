import { sql } from 'drizzle-orm';
import type {
  CapAlert,
  OverageLapse,
  OveragePause,
  OveragePrice,
} from '../../../../domain/billing/overage.ts';
import type { MicroAtPrice } from '../../../../domain/billing/usage/month-cost.ts';
import type { Actor } from '../../../../domain/ids.ts';
import type { Period } from '../../../../domain/period.ts';
import { actorId } from '../../operations/audit-log.repository.ts';
import { plainArray } from '../arrays.ts';
import { prepared, type Bucket } from '../bucket.ts';
import type { CreditPlace } from './place.ts';

/** What was agreed to, in force or not. Prices are decimal text; `room` is µcr. */
export interface OverageAccount {
  enabled: boolean;
  capMinor: number;
  currency: string;
  /** What it costs now. */
  minorPerCredit: string;
  /** What it may cost at most, which is what was agreed to. */
  agreed: string;
  lapsed: OverageLapse | null;
  suspended: 'unpaid' | null;
  alerts: CapAlert[];
  room: number;
  usedMinor: number;
  /** Of `currency`, of all months: what statements bill, and what was drawn since, at its price. */
  unpaidMinor: number;
  exposureMinor: number;
  /** It is the cap that leaves no more, not what is unpaid. */
  isCapped: boolean;
}

/** Overage as a bucket knows it. */
export interface OverageNow {
  /** What the plan sells; empty for nothing, null where nobody has said so yet. */
  offer: (Partial<OveragePrice> & { suspended?: OveragePause }) | null;
  /** `undefined` where nothing was ever agreed to. */
  account?: OverageAccount;
}

/** A row of `credit_overage_view`. */
export type OverageRow = Pick<OverageNow, 'offer'> & Partial<OverageAccount>;

export function overageOf({ offer, ...account }: OverageRow): OverageNow {
  return 'enabled' in account ? { offer, account: account as OverageAccount } : { offer };
}

/** Whose overage, and of which month. */
export interface OverageKey {
  tenantId: string;
  period: Period;
}

const OVERAGES = prepared('credit_overages', (u) => `select ${u}.credit_overages($1, $2) as views`);

/**
 * What of overage there is, many in one round trip; `undefined` for a tenant that this bucket does not
 * know. One that is asked for twice is read once. Books nothing.
 */
export async function readOverages(
  bucket: Bucket,
  keys: readonly OverageKey[],
): Promise<(OverageNow | undefined)[]> {
  const places = new Map<string, number>();
  const wanted: OverageKey[] = [];
  const placeOf = keys.map((key) => {
    const name = `${key.tenantId}${key.period}`;
    const known = places.get(name);
    if (known !== undefined) return known;
    places.set(name, wanted.length);
    return wanted.push(key) - 1;
  });
  const { rows } = await bucket.client.query<{ views: OverageRow[] }>({
    ...OVERAGES(bucket),
    values: [
      plainArray(wanted.map(({ tenantId }) => tenantId)),
      plainArray(wanted.map(({ period }) => period)),
    ],
  });
  const found = rows[0]!.views.map((view) => (view.offer === null ? undefined : overageOf(view)));
  return placeOf.map((place) => found[place]);
}

/** What was drawn of a month's overage, whatever the account's currency is by now; one of each price. */
export async function listDrawnAtPrices(
  { schema, client }: Bucket,
  tenantId: string,
  period: Period,
): Promise<MicroAtPrice[]> {
  // What is loaded stands there as used, and is not drawn yet.
  const { rows } = await client.query<OveragePrice & { micro: string }>({
    text: `select p.currency, p.minor_per_credit as "minorPerCredit",
        p.used_micro - case when a.overage_period = p.period and a.overage_currency = p.currency
          and a.overage_price = p.minor_per_credit then a.overage_left else 0 end as micro
      from ${schema}.overage_periods p
      join ${schema}.credit_accounts a on a.tenant_id = p.tenant_id
      where p.tenant_id = $1 and p.period = $2`,
    values: [tenantId, period],
  });
  return rows.map((row) => ({ ...row, micro: Number(row.micro) }));
}

export interface Agreement {
  tenantId: string;
  actor: Actor;
  enabled: boolean;
  /** Null keeps what it was. */
  capMinor: number | null;
  /** What was shown; null when it is switched off. */
  price: OveragePrice | null;
  alerts: readonly CapAlert[];
  now: Date;
}

/**
 * Writes down what somebody agrees to, from the next call on; see `credit_overage_set`. Answers why
 * nothing was changed, else null.
 */
export async function agreeToOverage(
  at: CreditPlace,
  agreement: Agreement,
): Promise<'not_offered' | 'paused' | 'consent_stale' | null> {
  const { tenantId, actor, enabled, capMinor, price, alerts, now } = agreement;
  const { rows } = await at.bucket.execute<{
    refused: 'not_offered' | 'paused' | 'consent_stale' | null;
  }>(sql`
    select ${sql.identifier(at.schema)}.credit_overage_set(${tenantId}, ${enabled}, ${capMinor},
      ${price?.currency ?? null}, ${price?.minorPerCredit ?? null}, ${`{${alerts.join()}}`}::smallint[],
      ${`${actor.kind}:${actorId(actor)}`}, ${now.toISOString()}) as refused`);
  return rows[0]!.refused;
}

/** Whose overage is asked for, and of which months, in which currency (the account's where none is named). */
export interface OverageTakenOf {
  tenantId: string;
  periods?: readonly string[];
  currency?: string;
}

/** What overage takes of months, in minor units. */
export interface OverageTakenNow {
  /** The account's; null where nothing was ever agreed to. */
  currency: string | null;
  /** The cap in force, in the account's currency; null while overage is off. */
  capMinor: number | null;
  /**
   * What was used and is held of the months that were asked for, in their order and the currency that was
   * asked for; each rounded up.
   */
  takenMinor: number[];
}

export async function readOverageTaken(
  at: CreditPlace,
  { tenantId, periods = [], currency: wanted }: OverageTakenOf,
): Promise<OverageTakenNow> {
  const { rows } = await at.bucket.execute<{
    currency: string | null;
    cap_minor: string | null;
    taken_minor: string[];
  }>(sql`
    select * from ${sql.identifier(at.schema)}.credit_overage_taken(${tenantId},
      ${`{${periods.join()}}`}::text[], ${wanted ?? null})`);
  const { currency, cap_minor: cap, taken_minor: taken } = rows[0]!;
  return {
    currency,
    capMinor: cap === null ? null : Number(cap),
    takenMinor: taken.map(Number),
  };
}

/**
 * Lowers the cap in force to what a spending rule leaves, with 0 overage is off; see
 * `credit_overage_bound`. Answers the cap before, null where nothing had to be lowered.
 */
export async function boundOverage(
  at: CreditPlace,
  bound: { tenantId: string; actor: Actor; capMinor: number; period: Period; now: Date },
): Promise<number | null> {
  const { tenantId, actor, capMinor, period, now } = bound;
  const { rows } = await at.bucket.execute<{ before: string | null }>(sql`
    select ${sql.identifier(at.schema)}.credit_overage_bound(${tenantId}, ${capMinor},
      ${`${actor.kind}:${actorId(actor)}`}, ${period}, ${now.toISOString()}) as before`);
  const { before } = rows[0]!;
  return before === null ? null : Number(before);
}

/**
 * Sets how much may be used and not yet paid, in minor units; null: by how many bills were paid. False for
 * who never agreed to overage.
 */
export async function trustOverage(
  at: CreditPlace,
  tenantId: string,
  exposureMinor: number | null,
): Promise<boolean> {
  const { rows } = await at.bucket.execute<{ set: boolean }>(sql`
    select ${sql.identifier(at.schema)}.credit_overage_trust(${tenantId}, ${exposureMinor}) as set`);
  return rows[0]!.set;
}

/** A mark of the cap that was come to, or (percent 0) a consent that is over. */
export interface OverageNotice {
  tenantId: string;
  /** Once a tenant. */
  ref: string;
  percent: CapAlert | 0;
  period: Period;
  capMinor: number;
  currency: string;
  reason: OverageLapse | null;
  madeAt: Date;
}

/** Notices about which no mail is in the outbox yet, the oldest first, `max` at most. */
export async function listOverageNotices(
  { schema, client }: Bucket,
  max: number,
): Promise<OverageNotice[]> {
  const { rows } = await client.query<Omit<OverageNotice, 'capMinor'> & { capMinor: string }>({
    text: `select tenant_id as "tenantId", ref, percent, period, cap_minor as "capMinor", currency,
             reason, made_at as "madeAt"
           from ${schema}.overage_notices
           where mail_due
           order by made_at
           limit $1`,
    values: [max],
  });
  return rows.map((row) => ({ ...row, capMinor: Number(row.capMinor) }));
}

/** Notes that the mail about it is in the outbox, or that there is nobody to get one. */
export async function closeOverageNotice(
  { schema, client }: Bucket,
  { tenantId, ref }: OverageNotice,
): Promise<void> {
  await client.query({
    text: `update ${schema}.overage_notices set mail_due = false where tenant_id = $1 and ref = $2`,
    values: [tenantId, ref],
  });
}
