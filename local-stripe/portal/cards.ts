import { finishSavingCard, saveCard, setDefaultCard } from '../billing/payer/actions.ts';
import type { CardResult } from '../billing/payer/actions.ts';
import type { CardEntry } from '../billing/payment/card-entry.ts';
import type Stripe from 'stripe';
import { idOrNull } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import { finishStep } from './finish.ts';
import type { PortalRow } from './row.ts';

type Session = Stripe.BillingPortal.Session;

/**
 * Saves a card for the portal's customer and makes it the default of the customer and of what is
 * subscribed. Answers where the person goes on: the challenge, the card form again, or what follows.
 */
export function savePortalCard(ctx: Context, session: Session, card: CardEntry): string {
  const returnUrl = `${ctx.baseUrl}/p/session/${session.id}`;
  const row = ctx.store.get('_portal', session.id);
  return settle(ctx, session, row, saveCard(ctx, session.customer, card, returnUrl));
}

/** Goes on after the bank's challenge of that card. */
export function finishPortalCard(ctx: Context, row: PortalRow, passed: boolean): string {
  const session = ctx.store.get('billing_portal.session', row.id);
  const { test_clock } = ctx.store.get('customer', session.customer);
  const here = ctx.onClock(idOrNull(test_clock));
  return settle(here, session, row, finishSavingCard(here, row.intent!, passed));
}

function settle(ctx: Context, session: Session, row: PortalRow, result: CardResult): string {
  const path = `/p/session/${session.id}`;
  switch (result.status) {
    case 'requires_action':
      ctx.store.put('_portal', { ...row, intent: result.intent, failure: null });
      return result.challengeUrl;
    case 'declined': {
      const { code, type, decline_code, message } = result.error;
      const failure = { code: code ?? type, declineCode: decline_code ?? null, message };
      ctx.store.put('_portal', { ...row, intent: null, failure });
      return `${path}/payment_methods/new`;
    }
    case 'saved':
      setDefaultCard(ctx, session.customer, result.paymentMethod);
      ctx.store.put('_portal', { ...row, intent: null, failure: null });
      return finishStep(ctx, session, 'card');
  }
}
