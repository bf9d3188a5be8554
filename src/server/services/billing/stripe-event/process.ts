import type { DbOrTx, Tx } from '../../../../db/client.ts';
import { findPaymentOfCharge } from '../../../../db/repositories/billing/payments/payment.repository.ts';
import {
  findEvent,
  listCustomerInbox,
  markEventsDone,
} from '../../../../db/repositories/billing/stripe-event.repository.ts';
import type { StripeEventRow } from '../../../../db/schema/index.ts';
import { isUuid } from '../../../../domain/ids.ts';
import { isSubscribedEvent, type SubscribedEvent } from '../../stripe/event-types.ts';
import type { ChargeReading } from '../../stripe/charges.ts';
import { isOfOther } from '../../stripe/customers.ts';
import { alertOtherEnvironment } from '../sync/other-environment.ts';
import { settleCustomer } from '../intents/settle.ts';
import { withCustomer } from '../locks/customer-lock.ts';
import { wakePurchases, wakeStatements } from '../sync/queues.ts';
import { syncLocked } from '../sync/sync-customer.ts';
import type { SyncDeps } from '../sync/sync-deps.ts';
import { writeCharge } from '../sync/write-charges.ts';
import { applyEffects } from './effects.ts';
import { chargeIdOf } from './event-charge.ts';
import { subjectOf } from './event-row.ts';

/** An event whose effects are committed, or that has none, and since when it was in the inbox. */
export interface Done {
  eventId: string;
  type: string;
  customerId: string | null;
  state: 'processed' | 'ignored';
  receivedAt: Date;
}

/** After which a statement may be charged to another card, or nobody is there to pay it. */
const PAYER_EVENTS: ReadonlySet<string> = new Set<SubscribedEvent>([
  'customer.updated',
  'customer.deleted',
  'customer.subscription.updated',
]);

/** Events of one customer handled by one look at Stripe. */
const BATCH = 100;

/**
 * Handles an event of the inbox, and with it every other one of the same customer that was there
 * before Stripe was asked: they are all answered by the same look. Effects and "processed" are
 * committed together. Handling one that is done does nothing. Answers those that are done now.
 */
export async function processEvent(deps: SyncDeps, eventId: string): Promise<Done[]> {
  const event = await findEvent(deps.db, eventId);
  if (event?.state !== 'received') return [];
  if (isOfOther(subjectOf(event).metadata, deps.stripe.environment)) {
    const now = deps.clock.now();
    await alertOtherEnvironment(deps.db, {
      subjectId: event.objectId ?? event.id,
      what: 'An event',
      now,
    });
    return markDone(deps.db, [event], 'ignored', now);
  }
  const customerId = isSubscribedEvent(event.type) ? await findCustomerOf(deps, event) : undefined;
  if (!customerId) return markDone(deps.db, [event], 'ignored', deps.clock.now());
  const done = await withCustomer(deps, customerId, async (tx) => {
    // From here on every event in the batch is older than what Stripe answers.
    const batch = await listCustomerInbox(tx, { customerId, eventId, limit: BATCH });
    if (!batch.some((one) => one.id === eventId)) return [];
    return processBatch(deps, tx, customerId, batch);
  });
  // What waited for a payment goes on; a Stripe that is away is asked again by the task.
  await settleCustomer(deps, customerId).catch((err: unknown) => {
    deps.log.warn({ err, customerId }, 'an intent was put off');
  });
  return done;
}

async function processBatch(
  deps: SyncDeps,
  tx: Tx,
  customerId: string,
  batch: readonly StripeEventRow[],
): Promise<Done[]> {
  const handled = batch.filter(isHandled);
  const charges = await readCharges(deps, handled);
  const invoices = new Set([
    ...handled.flatMap((one) => invoiceIdOf(one) ?? []),
    ...charges.flatMap((one) => one.invoiceId ?? []),
  ]);
  const synced = await syncLocked(deps, tx, customerId, {
    actor: { kind: 'webhook', eventId: batch[0]?.id ?? customerId },
    invoices: [...invoices],
  });
  const { graceDays } = deps;
  const now = deps.clock.now();
  const isSynced = synced.outcome === 'synced';
  const tenantId = isSynced ? synced.tenant.id : await findFormerPayer(tx, charges);
  if (tenantId === undefined) return markDone(tx, batch, 'ignored', now);
  for (const charge of charges) await writeCharge(tx, tenantId, charge, now);
  if (isSynced) {
    for (const one of handled) await applyEffects(tx, one, synced, { now, graceDays });
  }
  await wakePurchases(deps.jobs, tx, {
    tenantId,
    purchaseIds: handled.flatMap((one) => purchaseIdOf(one) ?? []),
    paymentIntentIds: charges.flatMap(({ charge }) => charge.paymentIntentId ?? []),
    now,
  });
  if (invoices.size > 0 || handled.some(({ type }) => PAYER_EVENTS.has(type))) {
    await wakeStatements(deps.jobs, tx, {
      tenantId,
      invoiceIds: [...invoices],
      now,
    });
  }
  const rest = batch.filter((one) => !isHandled(one));
  return [
    ...(await markDone(tx, handled, 'processed', now)),
    ...(await markDone(tx, rest, 'ignored', now)),
  ];
}

/**
 * Whose charges they are, where no tenant has the customer: who was deleted at Stripe and replaced by another
 * one. Banks and staff still take back what was paid as them.
 */
async function findFormerPayer(
  tx: Tx,
  charges: readonly ChargeReading[],
): Promise<string | undefined> {
  for (const { charge } of charges) {
    const { id: chargeId, paymentIntentId } = charge;
    const payment = await findPaymentOfCharge(tx, { chargeId, paymentIntentId });
    if (payment) return payment.tenantId;
  }
  return undefined;
}

async function markDone(
  db: DbOrTx,
  events: readonly StripeEventRow[],
  state: Done['state'],
  now: Date,
): Promise<Done[]> {
  const ids = events.map((one) => one.id);
  if (ids.length > 0) await markEventsDone(db, ids, state, now);
  return events.map(({ id, type, stripeCustomerId, receivedAt }) => ({
    ...{ eventId: id, type, customerId: stripeCustomerId },
    ...{ state, receivedAt },
  }));
}

function isHandled(row: StripeEventRow): row is StripeEventRow & { type: SubscribedEvent } {
  return isSubscribedEvent(row.type);
}

/** `invoice.upcoming` tells of an invoice that does not exist yet; a credit note names its own. */
function invoiceIdOf(event: StripeEventRow): string | null {
  const { type, objectId } = event;
  if (type.startsWith('credit_note.')) return subjectOf(event).invoice;
  return type.startsWith('invoice.') && type !== 'invoice.upcoming' ? objectId : null;
}

/** The purchase of credits that a session, payment or refund of ours says it is of. */
function purchaseIdOf(event: StripeEventRow): string | undefined {
  const { purchaseId } = subjectOf(event).metadata;
  return isUuid(purchaseId) ? purchaseId : undefined;
}

async function readCharges(
  deps: SyncDeps,
  events: readonly StripeEventRow[],
): Promise<ChargeReading[]> {
  const ids = new Set(events.flatMap((event) => chargeIdOf(event) ?? []));
  const found = await Promise.all([...ids].map((id) => deps.stripe.findCharge(id)));
  return found.flatMap((charge) => charge ?? []);
}

/** Disputes and some refunds do not name the customer; their charge does. */
async function findCustomerOf(
  deps: SyncDeps,
  event: StripeEventRow,
): Promise<string | null | undefined> {
  if (event.stripeCustomerId) return event.stripeCustomerId;
  const chargeId = chargeIdOf(event);
  if (!chargeId) return undefined;
  const paymentIntentId = subjectOf(event).payment_intent;
  const payment = await findPaymentOfCharge(deps.db, { chargeId, paymentIntentId });
  return payment?.stripeCustomerId ?? (await deps.stripe.findCharge(chargeId))?.charge.customerId;
}
