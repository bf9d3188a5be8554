import type { Contexts, Form } from './shop.ts';
import { id, pay, post, returnUrl, within } from './shop.ts';
import type { Known } from '../values.ts';

const intent = (known: Known): Form => ({
  amount: '2000',
  currency: 'cny',
  customer: known.customer!,
});
/** An intent that is there, and a call about it. */
const onIntent = (action: string, form: (known: Known) => Form, more: Form = {}) =>
  within(async (send, k) => {
    const made = await post(send, '/v1/payment_intents', { ...intent(k), ...more });
    return [`/v1/payment_intents/${made}${action}`, form(k)];
  });
const confirming = (known: Known): Form => ({
  payment_method: known.payment_method!,
  return_url: returnUrl,
});
const challenged = (): Form => ({ payment_method: 'pm_card_authenticationRequired' });
const fromOutside = () => ({
  payment_method_data: { type: 'alipay' },
  return_url: returnUrl,
});

export const paymentContexts: Contexts = {
  'POST /v1/payment_intents': [
    within(async (_send, k) => ['/v1/payment_intents', intent(k)]),
    within(async (_send, k) => [
      '/v1/payment_intents',
      { ...intent(k), confirm: 'true', ...confirming(k) },
    ]),
    within(async (_send, k) => [
      '/v1/payment_intents',
      { ...intent(k), confirm: 'true', ...challenged(), return_url: returnUrl },
    ]),
    within(async (_send, k) => [
      '/v1/payment_intents',
      { ...intent(k), confirm: 'true', ...fromOutside() },
    ]),
  ],
  'POST /v1/payment_intents/:id': [
    onIntent('', () => ({})),
    within(async (send) => {
      const form = { amount: '2000', currency: 'cny' };
      return [`/v1/payment_intents/${await post(send, '/v1/payment_intents', form)}`, {}];
    }),
  ],
  'POST /v1/payment_intents/:id/confirm': [
    onIntent('/confirm', confirming),
    onIntent('/confirm', () => ({ ...challenged(), return_url: returnUrl })),
    onIntent('/confirm', fromOutside),
  ],
  'POST /v1/payment_intents/:id/capture': [
    within(async (send, k) => {
      const made = await pay(send, k, { capture_method: 'manual' });
      return [`/v1/payment_intents/${id(made)}/capture`, {}];
    }),
  ],
  'POST /v1/payment_intents/:id/cancel': [onIntent('/cancel', () => ({}))],
  'GET /v1/payment_intents/:id': [
    within(async (send, k) => {
      const made = await send('POST', '/v1/payment_intents', intent(k));
      const client_secret = String(made.client_secret);
      return [`/v1/payment_intents/${id(made)}`, {}, { client_secret }];
    }),
  ],
  'GET /v1/setup_intents/:id': [
    within(async (send, k) => {
      const made = await send('POST', '/v1/setup_intents', { customer: k.customer! });
      const client_secret = String(made.client_secret);
      return [`/v1/setup_intents/${id(made)}`, {}, { client_secret }];
    }),
  ],
  'POST /v1/setup_intents': [
    within(async (_send, k) => ['/v1/setup_intents', { customer: k.customer! }]),
    within(async (_send, k) => [
      '/v1/setup_intents',
      { customer: k.customer!, confirm: 'true', ...confirming(k) },
    ]),
    within(async (_send, k) => [
      '/v1/setup_intents',
      { customer: k.customer!, confirm: 'true', ...challenged(), return_url: returnUrl },
    ]),
  ],
  'POST /v1/setup_intents/:id': [
    within(async (send, k) => {
      const made = await post(send, '/v1/setup_intents', { customer: k.customer! });
      return [`/v1/setup_intents/${made}`, {}];
    }),
    within(async (send) => [`/v1/setup_intents/${await post(send, '/v1/setup_intents')}`, {}]),
  ],
  'POST /v1/setup_intents/:id/confirm': [
    () => ({ payment_method: 'pm_card_visa', return_url: returnUrl }),
    () => ({ ...challenged(), return_url: returnUrl }),
  ].map((form) =>
    within(async (send, k) => {
      const made = await post(send, '/v1/setup_intents', { customer: k.customer! });
      return [`/v1/setup_intents/${made}/confirm`, form()];
    }),
  ),
  'POST /v1/setup_intents/:id/cancel': [
    within(async (send, k) => {
      const made = await post(send, '/v1/setup_intents', { customer: k.customer! });
      return [`/v1/setup_intents/${made}/cancel`, {}];
    }),
  ],
  'POST /v1/payment_methods': [
    within(async () => ['/v1/payment_methods', { type: 'card', card: { token: 'tok_visa' } }]),
    within(async () => [
      '/v1/payment_methods',
      {
        type: 'card',
        card: { number: '5555555555554444', exp_month: '12', exp_year: '2034', cvc: '123' },
      },
    ]),
  ],
  'POST /v1/payment_methods/:id': [
    within(async (_send, k) => [`/v1/payment_methods/${k.payment_method!}`, {}]),
  ],
  'POST /v1/payment_methods/:id/attach': [
    within(async (send, k) => [
      '/v1/payment_methods/pm_card_visa/attach',
      { customer: await post(send, '/v1/customers') },
      { customer: k.customer! },
    ]),
  ],
  'POST /v1/refunds': [
    within(async (send, k) => {
      const paid = await pay(send, k);
      return ['/v1/refunds', { payment_intent: id(paid) }, { charge: String(paid.latest_charge) }];
    }),
  ],
  'POST /v1/refunds/:id': [
    within(async (send, k) => {
      const made = await post(send, '/v1/refunds', { payment_intent: id(await pay(send, k)) });
      return [`/v1/refunds/${made}`, {}];
    }),
  ],
  'POST /v1/charges/:id': [
    within(async (send, k) => {
      return [`/v1/charges/${String((await pay(send, k)).latest_charge)}`, {}];
    }),
  ],
  'POST /v1/disputes/:id': [
    within(async (send, k) => {
      const paid = await pay(send, k, { payment_method: 'pm_card_createDispute' });
      const { data } = await send('GET', '/v1/disputes', { payment_intent: id(paid) });
      return [`/v1/disputes/${(data as { id: string }[])[0]!.id}`, {}];
    }),
    within(async (send, k) => {
      const paid = await pay(send, k, { payment_method: 'pm_card_createDispute' });
      const { data } = await send('GET', '/v1/disputes', { payment_intent: id(paid) });
      const evidence = { uncategorized_text: 'See the mail.' };
      return [`/v1/disputes/${(data as { id: string }[])[0]!.id}`, { evidence }];
    }),
  ],
};
