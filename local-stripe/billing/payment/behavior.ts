import type { Context } from '../../kernel/types.ts';
import { findCardByNumber } from '../cards.ts';
import type { Decline, TestCard } from '../cards.ts';
import { assertReusable, walletOf } from './wallets.ts';

export type Verdict =
  { kind: 'succeeds' } | { kind: 'challenges' } | { kind: 'declines'; decline: Decline };

/** The test card behind a payment method; undefined for a wallet. */
export function findTestCard(ctx: Context, paymentMethod: string): TestCard | undefined {
  const row = ctx.store.find('_card', paymentMethod);
  return row === undefined ? undefined : findCardByNumber(row.number);
}

/** What happens when this payment method is charged. `passed`: its challenge was just passed. */
export function judgeCharge(ctx: Context, paymentMethod: string, passed: boolean): Verdict {
  // The owner of a wallet is asked every time; what they say is the outcome.
  if (walletOf(ctx.store.get('payment_method', paymentMethod)) !== null) {
    return { kind: passed ? 'succeeds' : 'challenges' };
  }
  const row = ctx.store.get('_card', paymentMethod);
  const card = findTestCard(ctx, paymentMethod)!;
  const refused = row.failing ?? card.decline;
  if (refused) return { kind: 'declines', decline: refused };
  const isKnown = passed || (card.authentication === 'setup' && row.authenticated);
  if (card.authentication !== undefined && !isKnown) return { kind: 'challenges' };
  if (card.declinesCharges) return { kind: 'declines', decline: card.declinesCharges };
  return { kind: 'succeeds' };
}

/** What happens when this payment method is set up for later use. */
export function judgeSetup(ctx: Context, paymentMethod: string, passed: boolean): Verdict {
  assertReusable(ctx.store.get('payment_method', paymentMethod));
  const row = ctx.store.get('_card', paymentMethod);
  const card = findTestCard(ctx, paymentMethod)!;
  const refused = row.failing ?? card.decline;
  if (refused) return { kind: 'declines', decline: refused };
  if (card.authentication !== undefined && !passed) return { kind: 'challenges' };
  return { kind: 'succeeds' };
}

export function markAuthenticated(ctx: Context, paymentMethod: string): void {
  const row = ctx.store.get('_card', paymentMethod);
  if (!row.authenticated) ctx.store.put('_card', { ...row, authenticated: true });
}

/** Makes every charge of the card fail from now on, or (null) behave as its number says again. */
export function setCardFailing(ctx: Context, paymentMethod: string, failing: Decline | null): void {
  ctx.store.put('_card', { ...ctx.store.get('_card', paymentMethod), failing });
}
