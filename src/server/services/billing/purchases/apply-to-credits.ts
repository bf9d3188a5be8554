import type { Tx } from '../../../../db/client.ts';
import { updatePurchase } from '../../../../db/repositories/billing/credit-purchase.repository.ts';
import { raiseAlert } from '../../../../db/repositories/operations/alert.repository.ts';
import type { CreditPurchase } from '../../../../db/schema/index.ts';
import {
  creditsDue,
  isReturnable,
  isUnderWay,
  stateOf,
  type CreditsDue,
  type PurchaseFacts,
  type PurchaseState,
} from '../../../../domain/billing/purchase.ts';
import { MICRO_PER_CREDIT } from '../../../../domain/billing/credits.ts';
import { queueMail } from '../../mail/queue-mail.ts';
import { readTopUpMonth } from './top-up-month.ts';
import { ensureGrant, grantOf, returnedRef, setFrozen } from './grant.ts';
import { pauseForReturn } from './end-top-up.ts';
import type { PurchaseDeps } from './purchase-deps.ts';

/** A purchase, and what its grants were made for; see `listGrants`. */
interface Granted {
  row: CreditPurchase;
  grants: readonly string[];
}

/**
 * Grants what was paid, freezes it while a bank or a refund decides, and takes back what was given back;
 * each under a name of its own, so once. In the transaction that says so on the purchase.
 */
export async function applyToCredits(
  deps: PurchaseDeps,
  tx: Tx,
  { row, grants }: Granted,
  facts: PurchaseFacts,
): Promise<CreditPurchase> {
  const now = deps.clock.now();
  await ensureGrant(deps, row, tx);
  const due = creditsDue(facts, row);
  const wanted = due.frozen || row.refundAskedAt !== null;
  const state = stateOf(facts, true);
  if (isGoneNow({ row, due, state })) await pauseForReturn(tx, row, now);
  const frozen = await setFrozen(deps, tx, row, { wanted, grants });
  const { expiresAt } = await ensureGrant(deps, row, tx);
  const takenBack = { ...row.takenBack };
  let shortfallMicro = 0;
  for (const { ref, micro } of due.taken.filter((one) => one.micro > 0)) {
    takenBack[ref] = micro;
    shortfallMicro += await takeBack(deps, tx, { row, grants }, { ref, micro });
  }
  const freezes = wanted ? (frozen.freezes ?? row.freezes) : null;
  for (const one of due.returned) {
    // It took nothing in the end; that it once did is remembered for the grant of what came back.
    takenBack[one.ref] = 0;
    await giveBack(deps, tx, { row, grants }, { ...one, expiresAt, freezes });
  }
  const done = await updatePurchase(tx, row.id, {
    ...frozen,
    takenBack,
    shortfallMicro,
    state,
    creditsExpireAt: expiresAt,
  });
  await notify(tx, { before: row, done, facts, now });
  return done;
}

/** Whether all that is left goes, or is kept from being used, for the first time: not again with each look. */
function isGoneNow({
  row,
  due,
  state,
}: {
  row: CreditPurchase;
  due: CreditsDue;
  state: PurchaseState;
}): boolean {
  if (row.frozenAt !== null) return false;
  if (due.frozen) return true;
  const isOver = state === 'refunded' || state === 'disputed';
  return isOver && due.taken.some(({ ref }) => row.takenBack[ref] === undefined);
}

/** How a share is named that is taken of a grant: of the purchase's own by the refund's or dispute's name alone. */
const shareRef = ({ id }: CreditPurchase, originRef: string, ref: string) =>
  originRef === id ? ref : `${originRef}:${ref}`;

/** Takes a share from the purchase's grants, its own first; answers what was used of it already, in µcr. */
async function takeBack(
  { credits }: PurchaseDeps,
  tx: Tx,
  { row, grants }: Granted,
  { ref, micro }: { ref: string; micro: number },
): Promise<number> {
  let rest = micro;
  for (const originRef of grants) {
    if (rest === 0) break;
    const share = { originRef, ref: shareRef(row, originRef, ref), micro: rest };
    const request = { ...grantOf(row), ...share, reason: `Given back: ${ref}.` };
    rest = (await credits.revoke(request, tx)).shortfallMicro;
  }
  return rest;
}

/**
 * What a share was taken for came to nothing, a refund or a dispute: it is granted anew, for as long as it would have been.
 * `freezes`: the number of the freeze that holds for all grants of the purchase now.
 */
async function giveBack(
  { credits, clock }: PurchaseDeps,
  tx: Tx,
  { row, grants }: Granted,
  failed: { ref: string; since: Date; expiresAt: Date; freezes: number | null },
): Promise<void> {
  const { ref, since, expiresAt, freezes } = failed;
  const reason = `Taken for ${ref}, which came to nothing.`;
  let amountMicro = 0;
  for (const originRef of grants) {
    const share = { originRef, ref: shareRef(row, originRef, ref) };
    amountMicro += await credits.spare({ ...grantOf(row), ...share, reason }, tx);
  }
  if (amountMicro === 0) return;
  const waitedMs = Math.max(0, clock.now().getTime() - since.getTime());
  const again = { ...grantOf(row), originRef: returnedRef(row.id, ref), reason };
  const until = new Date(expiresAt.getTime() + waitedMs);
  const { isNew } = await credits.grant({ ...again, amountMicro, expiresAt: until }, tx);
  if (!isNew || freezes === null) return;
  await credits.freeze({ ...again, ref: `${again.originRef}:${freezes}` }, tx);
}

interface PurchaseChange {
  before: CreditPurchase;
  done: CreditPurchase;
  facts: PurchaseFacts;
  now: Date;
}

/** Mails the owner of bought and returned credits, once each, and alerts operators of what could not be taken back. */
async function notify(tx: Tx, { before, done, facts, now }: PurchaseChange): Promise<void> {
  const { id, tenantId, currency } = done;
  if (before.state === 'paid' && done.state === 'granted') {
    const month = done.trigger === 'auto' ? await readTopUpMonth(tx, tenantId, now) : undefined;
    await queueMail(tx, tenantId, {
      kind: month ? 'top_up_bought' : 'pack_bought',
      subjectId: id,
      attempt: 0,
      data: {
        credits: done.credits + done.bonus,
        amountMinor: facts.chargedMinor,
        currency,
        expiresAt: done.creditsExpireAt!.toISOString(),
        isFinal: !isReturnable(done),
        ...(month && { monthMinor: month.spentMinor, monthMaxMinor: month.maxMinor }),
      },
      now,
    });
  }
  for (const refund of facts.refunds) {
    if (refund.status !== 'succeeded' && !isUnderWay(refund)) continue;
    await queueMail(tx, tenantId, {
      kind: 'pack_refunded',
      subjectId: refund.id,
      attempt: 0,
      data: { credits: done.credits + done.bonus, amountMinor: refund.amountMinor, currency },
      now,
    });
  }
  if (done.shortfallMicro > before.shortfallMicro) {
    const credits = done.shortfallMicro / MICRO_PER_CREDIT;
    await raiseAlert(tx, {
      tenantId,
      kind: 'credits_shortfall',
      subjectId: id,
      message: `${credits} credits of a pack that was given back had been used already; nothing is owed for them.`,
      details: { shortfallMicro: done.shortfallMicro },
      now,
    });
  }
}
