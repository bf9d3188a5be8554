import { Hono } from 'hono';
import type { Context as HonoContext } from 'hono';
import type Stripe from 'stripe';
import { adjustQuantity } from '../../checkout/adjust-quantity.ts';
import { applyPromotionCode, removePromotionCode } from '../../checkout/apply-promotion.ts';
import { onClockOfSession } from '../../checkout/expire.ts';
import { submitSession, recordPayer } from '../../checkout/submit.ts';
import type { LocalStripe } from '../../kernel/local-stripe.ts';
import { StripeError } from '../../kernel/errors.ts';
import type { Context } from '../../kernel/types.ts';
import type { FormValues } from '../card-form.ts';
import { laterExpiry } from '../card-form.ts';
import type { Page } from '../page.ts';
import { notFound, pageOf, readForm, show } from '../visitor.ts';
import { closedPage, successUrl } from './closed.ts';
import { checkoutView } from './model.ts';
import { untouched } from './attempt.ts';
import type { CheckoutAttempt } from './attempt.ts';
import { promotionText } from './promotion-text.ts';
import { quantityField, quantityText } from './quantity.ts';
import { readPayment } from './read-payment.ts';
import { renderCheckout } from './view.ts';

type Session = Stripe.Checkout.Session;

/** Hosted Checkout: `/c/pay/:sessionId`. */
export function checkoutRoutes(getLocal: () => LocalStripe): Hono {
  const app = new Hono();

  app.get('/c/pay/:id', (c) =>
    onOpenSession(c, getLocal(), (ctx, page, session) => {
      const number = c.req.query('card');
      const values: FormValues =
        number === undefined
          ? {}
          : {
              number: number.slice(0, 19),
              expiry: laterExpiry(onClockOfSession(ctx, session).now),
              cvc: '123',
            };
      return draw(c, ctx, page, session, { ...untouched, values });
    }),
  );

  app.post('/c/pay/:id', async (c) => {
    const values = await readForm(c);
    return onOpenSession(c, getLocal(), (ctx, page, session) => pay(c, ctx, page, session, values));
  });

  app.post('/c/pay/:id/promotion_code', async (c) => {
    const values = await readForm(c);
    return onOpenSession(c, getLocal(), (ctx, page, session) => {
      if (session.allow_promotion_codes === true) {
        if (values['remove'] !== undefined) removePromotionCode(ctx, session);
        else {
          const code = values['promotion_code'] ?? '';
          const refusal = applyPromotionCode(onClockOfSession(ctx, session), session, code);
          if (refusal !== null) {
            const promotionError = promotionText(page, code, refusal);
            return draw(c, ctx, page, session, { ...untouched, values, promotionError }, 400);
          }
        }
      }
      return c.redirect(`/c/pay/${session.id}`, 303);
    });
  });

  app.post('/c/pay/:id/quantity', async (c) => {
    const values = await readForm(c);
    return onOpenSession(c, getLocal(), (ctx, page, session) => {
      const line = values['line'] ?? '';
      const typed = (values[quantityField(line)] ?? '').trim();
      const quantity = /^\d{1,6}$/.test(typed) ? Number(typed) : Number.NaN;
      const refusal = adjustQuantity(onClockOfSession(ctx, session), session, line, quantity);
      if (refusal === null) return c.redirect(`/c/pay/${session.id}`, 303);
      const quantityError = { line, text: quantityText(page, refusal) };
      return draw(c, ctx, page, session, { ...untouched, values, quantityError }, 400);
    });
  });

  return app;
}

type Answer = Response | Promise<Response>;

/** Runs `work` in one transaction for an open session; any other state has its own page. */
async function onOpenSession(
  c: HonoContext,
  local: LocalStripe,
  work: (ctx: Context, page: Page, session: Session) => Answer,
): Promise<Response> {
  // What is overdue (an expiry, say) comes before what a person does now.
  await local.catchUp();
  const id = c.req.param('id') ?? '';
  const session = local.kernel.store.find('checkout.session', id);
  if (session === undefined) return notFound(c);
  const page = pageOf(c, session.locale);
  return local.kernel.run((ctx) =>
    session.status === 'open' ? work(ctx, page, session) : show(c, closedPage(ctx, page, session)),
  );
}

function draw(
  c: HonoContext,
  ctx: Context,
  page: Page,
  session: Session,
  attempt: CheckoutAttempt,
  status: 200 | 400 | 402 = 200,
): Promise<Response> {
  return show(c, renderCheckout(checkoutView(ctx, page, session, attempt)), status);
}

function pay(
  c: HonoContext,
  ctx: Context,
  page: Page,
  session: Session,
  values: FormValues,
): Answer {
  const read = readPayment(onClockOfSession(ctx, session), page, session, values);
  // What is typed wrong is no attempt: no bank is asked.
  if (Object.keys(read.errors).length > 0) {
    return draw(c, ctx, page, session, { ...untouched, values, errors: read.errors }, 400);
  }
  const { cvc: _cvc, ...kept } = values;
  if (session.automatic_tax.enabled) {
    const current = recordPayer(ctx, session, read.payer);
    if (String(current.amount_total) !== values['shown_total']) {
      return draw(c, ctx, page, current, { ...untouched, values: kept, hasNewTotal: true });
    }
  }
  try {
    const outcome = ctx.attempt(() => submitSession(ctx, session, read.tender, read.payer));
    if (outcome.status === 'complete') return c.redirect(successUrl(outcome.session), 303);
    if (outcome.status === 'requires_action') return c.redirect(outcome.challengeUrl, 303);
  } catch (error) {
    if (!(error instanceof StripeError)) throw error;
    const row = ctx.store.get('_checkout', session.id);
    const { code, decline_code, message } = error.body;
    const failure = {
      code: code ?? 'failed',
      declineCode: decline_code ?? null,
      message,
    };
    ctx.store.put('_checkout', { ...row, failure });
  }
  const current = ctx.store.get('checkout.session', session.id);
  return draw(c, ctx, page, current, { ...untouched, values: kept }, 402);
}
