import { html } from 'hono/html';
import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';
import { renderMessage } from '../document.ts';
import type { Html } from '../document.ts';
import { merchantOf } from '../merchant.ts';
import type { Page } from '../page.ts';

type Session = Stripe.Checkout.Session;

/** Where a person goes after success, the session's id put in. A page of ours where none is named. */
export function successUrl(session: Session): string {
  const url = session.success_url ?? session.return_url ?? `/c/pay/${session.id}`;
  return url
    .replaceAll('{CHECKOUT_SESSION_ID}', session.id)
    .replaceAll('%7BCHECKOUT_SESSION_ID%7D', session.id);
}

/** The page of a session that is complete or expired. */
export function closedPage(ctx: Context, page: Page, session: Session): Html {
  const { checkout } = page.words;
  const merchant = merchantOf(ctx, session);
  if (session.status === 'complete') {
    const isPending = session.payment_status === 'unpaid';
    const url = session.success_url === null ? null : successUrl(session);
    return renderMessage({
      page,
      merchant,
      mark: 'good',
      title: isPending ? checkout.pendingTitle : checkout.completeTitle,
      text:
        session.custom_text.after_submit?.message ??
        (isPending ? checkout.pendingText : checkout.completeText),
      actions:
        url === null ? null : html`<a class="button" href="${url}">${checkout.continueButton}</a>`,
    });
  }
  return renderMessage({
    page,
    merchant,
    mark: 'plain',
    title: checkout.expiredTitle,
    text: checkout.expiredText,
    actions:
      session.cancel_url === null
        ? null
        : html`<a class="button" href="${session.cancel_url}">${checkout.cancel(merchant)}</a>`,
  });
}
