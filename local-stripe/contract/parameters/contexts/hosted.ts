import type { Contexts, Form, Send } from './shop.ts';
import { id, monthly, oneOf, oneTime, post, subscribe, within } from './shop.ts';
import type { Known } from '../values.ts';

const sell = (known: Known): Form => ({
  mode: 'subscription',
  line_items: [{ price: known.price!, quantity: '9' }],
  success_url: 'https://example.com/done',
});
const features = { invoice_history: { enabled: 'true' } };
const yearly = (send: Send, known: Known) =>
  post(send, '/v1/prices', { ...monthly(known), recurring: { interval: 'year' } });
/** A configuration that lets people change between prices of one product. */
const changing = (known: Known, price: string): Form => ({
  features: {
    ...features,
    subscription_update: {
      enabled: 'true',
      default_allowed_updates: ['price'],
      products: [{ product: known.product!, prices: [known.price!, price] }],
    },
  },
});

export const hostedContexts: Contexts = {
  'POST /v1/checkout/sessions': [
    within(async (send, k) => ['/v1/checkout/sessions', sell(k), { plan: await oneTime(send, k) }]),
    within(async (_send, k) => ['/v1/checkout/sessions', { ...sell(k), customer: k.customer! }]),
    within(async (send, k) => [
      '/v1/checkout/sessions',
      {
        mode: 'payment',
        line_items: [{ price: await oneTime(send, k), quantity: '1' }],
        success_url: 'https://example.com/done',
        invoice_creation: { enabled: 'true' },
      },
    ]),
    within(async (_send, k) => [
      '/v1/checkout/sessions',
      {
        mode: 'setup',
        currency: 'cny',
        customer: k.customer!,
        success_url: 'https://example.com',
        expand: ['setup_intent'],
      },
    ]),
    within(async (_send, k) => {
      const { success_url: _url, ...embedded } = sell(k);
      const ui = { ui_mode: 'embedded_page', return_url: 'https://example.com/back' };
      return ['/v1/checkout/sessions', { ...embedded, ...ui }];
    }),
    within(async (_send, k) => [
      '/v1/checkout/sessions',
      {
        ...sell(k),
        custom_fields: [{ key: 'size', label: { type: 'custom', custom: 'Size' }, type: 'text' }],
      },
    ]),
    within(async (_send, k) => [
      '/v1/checkout/sessions',
      {
        ...sell(k),
        custom_fields: [
          { key: 'size', label: { type: 'custom', custom: 'Size' }, type: 'numeric' },
        ],
      },
    ]),
    within(async (_send, k) => [
      '/v1/checkout/sessions',
      {
        ...sell(k),
        custom_fields: [
          {
            key: 'size',
            label: { type: 'custom', custom: 'Size' },
            type: 'dropdown',
            dropdown: { options: [{ label: 'Small', value: 's' }] },
          },
        ],
      },
    ]),
  ],
  'POST /v1/checkout/sessions/:id': [
    within(async (send, k) => [
      `/v1/checkout/sessions/${await post(send, '/v1/checkout/sessions', sell(k))}`,
      {},
    ]),
  ],
  'POST /v1/billing_portal/configurations': [
    within(async () => ['/v1/billing_portal/configurations', { features }]),
    within(async (send, k) => [
      '/v1/billing_portal/configurations',
      changing(k, await yearly(send, k)),
    ]),
  ],
  'POST /v1/billing_portal/configurations/:id': [
    within(async (send) => {
      const made = await post(send, '/v1/billing_portal/configurations', { features });
      return [`/v1/billing_portal/configurations/${made}`, {}];
    }),
    within(async (send, k) => {
      const form = changing(k, await yearly(send, k));
      const made = await post(send, '/v1/billing_portal/configurations', form);
      return [`/v1/billing_portal/configurations/${made}`, form];
    }),
    within(async (send) => {
      const form = {
        features: {
          customer_update: { enabled: 'true', allowed_updates: ['email'] },
          invoice_history: { enabled: 'false' },
          subscription_cancel: { enabled: 'true', mode: 'immediately' },
        },
      };
      const made = await post(send, '/v1/billing_portal/configurations', form);
      return [`/v1/billing_portal/configurations/${made}`, {}];
    }),
  ],
  'POST /v1/billing_portal/sessions': [
    within(async (send, k) => {
      const price = await yearly(send, k);
      const all = {
        ...(changing(k, price).features as Form),
        subscription_cancel: { enabled: 'true' },
        payment_method_update: { enabled: 'true' },
        customer_update: { enabled: 'true', allowed_updates: ['email'] },
      };
      const configuration = await post(send, '/v1/billing_portal/configurations', {
        features: all,
      });
      const other = await post(send, '/v1/billing_portal/configurations', { features: all });
      const subscription = await subscribe(send, k);
      return [
        '/v1/billing_portal/sessions',
        { customer: k.customer!, configuration },
        {
          configuration: other,
          subscription: id(subscription),
          id: id(oneOf(subscription.items)),
          price,
        },
      ];
    }),
  ],
};
