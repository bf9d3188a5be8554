import type { Context as HonoContext, Hono } from 'hono';
import type Stripe from 'stripe';
import { setDefaultCard } from '../../billing/payer/actions.ts';
import { isEmail } from '../../checkout/validate.ts';
import type { LocalStripe } from '../../kernel/local-stripe.ts';
import { StripeError } from '../../kernel/errors.ts';
import { idOrNull } from '../../kernel/reference.ts';
import { callApi } from '../../portal/api.ts';
import { savePortalCard } from '../../portal/cards.ts';
import { finishStep } from '../../portal/finish.ts';
import { laterExpiry, readCardForm } from '../card-form.ts';
import type { FieldErrors, FormValues } from '../card-form.ts';
import { notFound, readForm, show } from '../visitor.ts';
import { renderAddCard, renderEditCustomer } from './details.ts';
import {
  addCardView,
  customerParams,
  customerValues,
  editableFields,
  editCustomerView,
} from './details-model.ts';
import type { PortalVisit } from './frame-model.ts';
import { homeView } from './home-model.ts';
import { renderPortalHome } from './home.ts';
import { notAllowed, visitPortal } from './visit.ts';

const base = '/p/session/:id';

/** Cards and the customer's own details. */
export function cardRoutes(app: Hono, getLocal: () => LocalStripe): void {
  app.get(`${base}/payment_methods/new`, (c) =>
    visitPortal(c, getLocal(), (visit) => {
      if (!visit.features.payment_method_update.enabled) return notAllowed(c, visit);
      const number = c.req.query('card');
      const values: FormValues =
        number === undefined
          ? {}
          : { number: number.slice(0, 19), expiry: laterExpiry(visit.ctx.now), cvc: '123' };
      return show(c, renderAddCard(addCardView(visit, values, {})));
    }),
  );
  app.post(`${base}/payment_methods/new`, async (c) => {
    const values = await readForm(c);
    return visitPortal(c, getLocal(), (visit) => addCard(c, visit, values));
  });
  app.post(`${base}/payment_methods/:card/default`, (c) =>
    onOwnCard(c, getLocal(), ({ ctx, session }, method) => {
      setDefaultCard(ctx, session.customer, method.id);
      return c.redirect(finishStep(ctx, session, 'default'), 303);
    }),
  );
  app.post(`${base}/payment_methods/:card/remove`, (c) =>
    onOwnCard(c, getLocal(), (visit, method) => {
      const { kernel, ctx, page, session } = visit;
      if (isInUse(visit, method)) {
        const error = page.words.portal.cannotRemove;
        return show(c, renderPortalHome(homeView({ ...visit, error })), 409);
      }
      callApi(kernel, ctx, 'POST /v1/payment_methods/:id/detach', method.id);
      return c.redirect(finishStep(ctx, session, 'removed'), 303);
    }),
  );
  app.get(`${base}/customer`, (c) =>
    visitPortal(c, getLocal(), (visit) => {
      if (!visit.features.customer_update.enabled) return notAllowed(c, visit);
      const customer = visit.ctx.store.get('customer', visit.session.customer);
      const view = editCustomerView(visit, customerValues(customer), {});
      return show(c, renderEditCustomer(view));
    }),
  );
  app.post(`${base}/customer`, async (c) => {
    const values = await readForm(c);
    return visitPortal(c, getLocal(), (visit) => saveCustomer(c, visit, values));
  });
}

type Answer = Response | Promise<Response>;

function addCard(c: HonoContext, visit: PortalVisit, values: FormValues): Answer {
  const { ctx, page, session, features } = visit;
  if (!features.payment_method_update.enabled) return notAllowed(c, visit);
  const { card, errors } = readCardForm(page, values, ctx.now);
  if (Object.keys(errors).length > 0) {
    return show(c, renderAddCard(addCardView(visit, values, errors)), 400);
  }
  const entry = { ...card, name: card.name === '' ? null : card.name };
  try {
    return c.redirect(
      ctx.attempt(() => savePortalCard(ctx, session, entry)),
      303,
    );
  } catch (error) {
    if (!(error instanceof StripeError) || error.status !== 402) throw error;
    const { code, type, decline_code, message } = error.body;
    const failure = { code: code ?? type, declineCode: decline_code ?? null, message };
    ctx.store.put('_portal', { ...ctx.store.get('_portal', session.id), failure });
    return c.redirect(`${visit.path}/payment_methods/new`, 303);
  }
}

function onOwnCard(
  c: HonoContext,
  local: LocalStripe,
  work: (visit: PortalVisit, method: Stripe.PaymentMethod) => Answer,
): Promise<Response> {
  return visitPortal(c, local, (visit) => {
    if (!visit.features.payment_method_update.enabled) return notAllowed(c, visit);
    const method = visit.ctx.store.find('payment_method', c.req.param('card') ?? '');
    if (method === undefined || idOrNull(method.customer) !== visit.session.customer) {
      return notFound(c);
    }
    return work(visit, method);
  });
}

/** A card that something running is charged to stays until there is another. */
function isInUse({ ctx, session }: PortalVisit, method: Stripe.PaymentMethod): boolean {
  const customer = ctx.store.get('customer', session.customer);
  if (idOrNull(customer.invoice_settings.default_payment_method) === method.id) return true;
  return ctx.store
    .by('subscription', 'customer', customer.id)
    .some(
      ({ status, default_payment_method }) =>
        !['canceled', 'incomplete_expired'].includes(status) &&
        idOrNull(default_payment_method) === method.id,
    );
}

function saveCustomer(c: HonoContext, visit: PortalVisit, values: FormValues): Answer {
  const { kernel, ctx, page, session, features } = visit;
  if (!features.customer_update.enabled) return notAllowed(c, visit);
  const fields = editableFields(page, features.customer_update.allowed_updates);
  const errors: FieldErrors = {};
  const email = (values['email'] ?? '').trim();
  if (fields.some(({ name }) => name === 'email') && email !== '' && !isEmail(email)) {
    errors['email'] = page.words.card.errors.emailInvalid;
  }
  const country = (values['country'] ?? '').trim();
  if (country !== '' && !/^[A-Za-z]{2}$/.test(country)) {
    errors['country'] = page.words.card.errors.required;
  }
  if (Object.keys(errors).length > 0) {
    return show(c, renderEditCustomer(editCustomerView(visit, values, errors)), 400);
  }
  callApi(kernel, ctx, 'POST /v1/customers/:id', session.customer, customerParams(fields, values));
  return c.redirect(finishStep(ctx, session, 'details'), 303);
}
