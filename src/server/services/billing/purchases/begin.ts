import { inTransaction } from '../../../../db/client.ts';
import {
  findOpenPurchase,
  findUndecidedPurchase,
  updatePurchase,
} from '../../../../db/repositories/billing/credit-purchase.repository.ts';
import { findUserLocale } from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import type { CreditPurchase, NewCreditPurchase, Tenant } from '../../../../db/schema/index.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { isRefused } from '../../stripe/client/errors.ts';
import type { OfferedPack, PackCatalogue } from '../../stripe/packs/pack-catalogue.ts';
import type { Requester } from '../requester.ts';
import { insertAllowed, judgePurchase } from './judge-purchase.ts';
import { changeBilling, type BillingDeps } from '../subscription/change-billing.ts';
import { ensureCustomer } from '../subscription/ensure-customer.ts';
import { currencyOfTenant, usualCurrencyOf } from '../subscription/tenant-currency.ts';
import type { PurchaseDeps } from './purchase-deps.ts';
import { ruleBroken } from './rule-broken.ts';

export interface BuyingDeps extends PurchaseDeps, BillingDeps {
  packs: PackCatalogue;
}

/** How long a Checkout can be paid: Stripe allows half an hour to a day. */
const CHECKOUT_MS = 60 * 60_000;
/** Stored so long ago and not opened, it could not be paid for half an hour any more. */
const OPENED_WITHIN_MS = 20 * 60_000;

export interface PackInput {
  packId: string;
  /** One of the pack's; what the team is or was billed in, or the pack's own, unless told. */
  currency?: string;
}

/**
 * Opens a Checkout for a pack and answers its address. A tenant has at most one that can be paid: asking
 * for the same again answers the same. 400 `unknown_pack`, 409 `purchase_open` while another is open or
 * when the one that was open has been paid, 409 `currency_conflict`, 403 `spending_rule`.
 */
export async function beginPurchase(
  deps: BuyingDeps,
  requester: Requester,
  wish: PackInput,
): Promise<string> {
  const pack = await deps.packs.getOffered(wish.packId);
  return changeBilling(deps, requester, async (_tx, tenant) => {
    const { currency, amountMinor } = await priceFor(deps, pack, tenant, wish.currency);
    const open = await findOpenPurchase(deps.db, tenant.id);
    const known = open && (await continueOpen(deps, open, { pack, currency }));
    if (known) return known;
    const undecided = await findUndecidedPurchase(deps.db, tenant.id, pack.id);
    if (undecided) throw undecided.state === 'paid' ? paidMeanwhile(undecided) : underWay(pack.id);
    const now = deps.clock.now();
    const wanted: NewCreditPurchase = {
      tenantId: tenant.id,
      userId: requester.userId,
      packId: pack.id,
      packVersion: pack.version,
      credits: pack.credits,
      bonus: pack.bonus,
      validDays: pack.validDays,
      amountMinor,
      currency,
      // Committed before the purchase, whose row refers to the tenant's.
      stripeCustomerId: await ensureCustomer(deps, deps.db, tenant),
      stripePriceId: pack.priceId,
      locale: (await findUserLocale(deps.db, requester.userId)) ?? 'zh-CN',
      expiresAt: new Date(now.getTime() + CHECKOUT_MS),
      createdAt: now,
      lookAt: new Date(now.getTime() + CHECKOUT_MS),
    };
    const row = await inTransaction(deps.db, (tx) => insertAllowed(deps, tx, wanted, now));
    return openSession(deps, row);
  });
}

/** In the currency that the team is bound to; where it is bound to none, in the one it chose, or its usual one. */
async function priceFor(
  { db, clock }: BuyingDeps,
  { amounts }: OfferedPack,
  tenant: Tenant,
  chosen: string | undefined,
): Promise<{ currency: string; amountMinor: number }> {
  const bound = await currencyOfTenant(db, tenant.id);
  const wanted = chosen ?? (await usualCurrencyOf(db, tenant.id, clock.now()));
  const told = amounts.find(({ currency }) => currency === wanted);
  const price = chosen === undefined && bound === null ? (told ?? amounts[0]) : told;
  if (price && (bound === null || bound === price.currency)) return price;
  throw new BillingError(
    'currency_conflict',
    bound === null
      ? 'This pack is not sold in that currency; GET /api/credits/packs lists those that it has.'
      : 'The team is billed in another currency; the pack is sold to it in that one alone.',
    { data: { currency: bound } },
  );
}

/**
 * Where the open purchase is paid, when it is of the same pack at the same price; `undefined` when it
 * is over. Another one stays as it is: whoever opened it may be paying right now.
 */
async function continueOpen(
  deps: BuyingDeps,
  open: CreditPurchase,
  wanted: { pack: OfferedPack; currency: string },
): Promise<string | undefined> {
  const { db, stripe, clock } = deps;
  const isSame = open.stripePriceId === wanted.pack.priceId && open.currency === wanted.currency;
  if (!open.stripeSessionId) {
    const age = clock.now().getTime() - open.createdAt.getTime();
    if (isSame && age < OPENED_WITHIN_MS) return openSession(deps, open);
    // Nobody was told its address.
    await updatePurchase(db, open.id, { state: 'expired', lookAt: null });
    return undefined;
  }
  const found = await stripe.findCheckout(open.stripeSessionId);
  if (found?.status === 'complete') throw paidMeanwhile(open);
  if (found?.status !== 'open') {
    await updatePurchase(db, open.id, { state: 'expired' });
    return undefined;
  }
  if (isSame && open.url) return handOut(deps, open, { id: found.id, url: open.url });
  const isOutdated = open.packId === wanted.pack.id && open.currency === wanted.currency;
  if (!isOutdated) throw anotherOpen(open);
  // The same pack, which costs or gives something else by now.
  if ((await stripe.expireCheckout(open.stripeSessionId)) === 'complete') throw paidMeanwhile(open);
  await updatePurchase(db, open.id, { state: 'expired' });
  return undefined;
}

async function openSession(deps: BuyingDeps, row: CreditPurchase): Promise<string> {
  const { db, stripe, appUrl } = deps;
  try {
    const session = await stripe.createPackCheckout({
      tenantId: row.tenantId,
      customerId: row.stripeCustomerId,
      purchaseId: row.id,
      packId: row.packId,
      priceId: row.stripePriceId,
      currency: row.currency,
      locale: row.locale,
      successUrl: `${appUrl}/checkout/return?purchase=${row.id}`,
      cancelUrl: `${appUrl}/checkout/return?purchase=${row.id}&canceled=1`,
      expiresAt: row.expiresAt,
    });
    if (!session.url) throw new Error('Stripe answered a Checkout session without an address.');
    const open = await updatePurchase(db, row.id, {
      state: 'open',
      stripeSessionId: session.id,
      url: session.url,
      lookAt: row.expiresAt,
    });
    return await handOut(deps, open, { id: session.id, url: session.url });
  } catch (error) {
    if (isRefused(error)) await updatePurchase(db, row.id, { state: 'failed', lookAt: null });
    throw error;
  }
}

/**
 * Answers where it is paid, unless the team's rule has become tighter since it was allowed: that ends what it
 * finds open, which this was not yet while Stripe was asked. 403 `spending_rule`.
 */
async function handOut(
  { db, stripe, clock, ...deps }: BuyingDeps,
  open: CreditPurchase,
  session: { id: string; url: string },
): Promise<string> {
  const now = clock.now();
  const broken = await judgePurchase({ db, ...deps }, open, now);
  if (!broken) return session.url;
  // By whoever comes next, where Stripe does not answer.
  await updatePurchase(db, open.id, { lookAt: now });
  if ((await stripe.expireCheckout(session.id)) === 'complete') throw paidMeanwhile(open);
  await updatePurchase(db, open.id, { state: 'expired', lookAt: null });
  throw ruleBroken(broken, 'purchase');
}

function anotherOpen({ id, packId, url, expiresAt }: CreditPurchase): BillingError {
  return new BillingError(
    'purchase_open',
    'Another purchase is open; finish it or give it up before you begin this one.',
    {
      data: {
        purchaseId: id,
        packId,
        reason: 'open',
        checkoutUrl: url,
        expiresAt: expiresAt.toISOString(),
      },
    },
  );
}

/** Its session is complete: the caller looks whether the money is there. */
function paidMeanwhile({ id, packId }: CreditPurchase): BillingError {
  return new BillingError(
    'purchase_open',
    'The purchase that was open has been paid in the meantime. Ask once more if you want another.',
    { data: { purchaseId: id, packId, reason: 'paid' } },
  );
}

/** The order is placed, and whether its money comes is not known. */
export function underWay(packId: string): BillingError {
  return new BillingError(
    'purchase_open',
    'This pack is bought already, and its payment is under way; it can be bought again when that is decided.',
    { data: { packId, reason: 'processing' } },
  );
}
