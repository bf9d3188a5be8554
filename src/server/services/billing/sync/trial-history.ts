import { createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { DbOrTx, Tx } from '../../../../db/client.ts';
import { insertRemedy } from '../../../../db/repositories/billing/remedy.repository.ts';
import { ensureSetting } from '../../../../db/repositories/operations/setting.repository.ts';
import { listBuyerEmails } from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import {
  claimTrialUse,
  hadTrial,
  type TrialMark,
} from '../../../../db/repositories/billing/trial-use.repository.ts';
import { SubscriptionRepository } from '../../../../db/repositories/subscription.repository.ts';
import type { Tenant } from '../../../../db/schema/index.ts';
import { mailboxOf } from '../../../../domain/email.ts';
import { TRIAL_MARK } from '../../stripe/checkout.ts';
import { APP_MARK } from '../../stripe/customers.ts';
import type { PaymentMethodSnapshot } from '../../stripe/snapshots/schemas.ts';
import type { SubscriptionSnapshot } from '../../stripe/snapshots/subscription-snapshot.ts';

const KEY = 'trial.hash_key';
const key = z.object({ key: z.string().min(32) });

/** Days of the trial that a tenant may begin: none when it, or one who may buy for it, had one. */
export async function trialDaysOf(
  db: DbOrTx,
  tenant: Pick<Tenant, 'id' | 'trialUsedAt'>,
  trialDays: number,
  now: Date,
): Promise<number> {
  if (trialDays === 0 || tenant.trialUsedAt) return 0;
  const hashes = await hashAll(db, 'email', await mailboxes(db, tenant.id), now);
  return (await hadTrial(db, hashes)) ? 0 : trialDays;
}

/**
 * Notes whose trial a subscription is, by address and by card, and orders its end when one of them
 * had a trial before: the address is checked before Checkout already, the card is known only now.
 * Only trials that our Checkout gave are judged: what staff give is theirs to decide.
 */
export async function judgeTrials(
  tx: Tx,
  values: {
    tenant: Tenant;
    subscriptions: readonly SubscriptionSnapshot[];
    customerPaymentMethod: PaymentMethodSnapshot | null;
    now: Date;
  },
): Promise<void> {
  const { tenant, subscriptions, customerPaymentMethod, now } = values;
  for (const one of subscriptions) {
    if (!isOurTrial(one)) continue;
    const method = one.paymentMethod ?? customerPaymentMethod;
    const fingerprint = method?.card?.fingerprint;
    const emails = await hashAll(tx, 'email', await mailboxes(tx, tenant.id), now);
    const cards = await hashAll(tx, 'card', fingerprint ? [fingerprint] : [], now);
    const repeats =
      (await isRepeat(tx, 'email', emails, one)) || (await isRepeat(tx, 'card', cards, one));
    if (!repeats || one.status !== 'trialing') continue;
    await insertRemedy(tx, {
      tenantId: tenant.id,
      kind: 'end_subscription',
      subjectId: one.id,
      cause: 'trial_used',
      state: 'open',
      now,
    });
  }
}

/**
 * Notes that an address which a buyer has changed to belongs to who had a trial, so that it cannot
 * begin another one elsewhere after the next change.
 */
export async function claimTrialAddress(
  tx: Tx,
  values: { tenantId: string; email: string; now: Date },
): Promise<void> {
  const { tenantId, email, now } = values;
  const rows = await new SubscriptionRepository(tx).findByTenantId(tenantId);
  const trial = rows.find(({ trialEnd }) => trialEnd !== null);
  if (!trial) return;
  const { stripeSubscriptionId } = trial;
  for (const hash of await hashAll(tx, 'email', [mailboxOf(email)], now)) {
    await claimTrialUse(tx, { kind: 'email', hash, stripeSubscriptionId, usedAt: now });
  }
}

/** What our Checkout gave says so; a trial that staff give to a subscription does not. */
function isOurTrial({ metadata, trialStart }: SubscriptionSnapshot): boolean {
  return metadata.app === APP_MARK && TRIAL_MARK in metadata && trialStart !== null;
}

async function isRepeat(
  tx: Tx,
  kind: TrialMark,
  hashes: readonly string[],
  { id, trialStart }: SubscriptionSnapshot,
): Promise<boolean> {
  let repeats = false;
  for (const hash of hashes) {
    const use = { kind, hash, stripeSubscriptionId: id, usedAt: trialStart ?? new Date(0) };
    repeats = (await claimTrialUse(tx, use)) !== id || repeats;
  }
  return repeats;
}

async function mailboxes(db: DbOrTx, tenantId: string): Promise<string[]> {
  return (await listBuyerEmails(db, tenantId)).map(mailboxOf);
}

/** Hashes under a key of this installation: equal ones are found again, none can be read back. */
async function hashAll(
  db: DbOrTx,
  kind: TrialMark,
  values: readonly string[],
  now: Date,
): Promise<string[]> {
  if (values.length === 0) return [];
  const fresh = { key: randomBytes(32).toString('base64url') };
  const kept = key.parse(await ensureSetting(db, KEY, fresh, now));
  return values.map((value) =>
    createHmac('sha256', kept.key).update(`${kind}:${value}`).digest('base64url'),
  );
}
