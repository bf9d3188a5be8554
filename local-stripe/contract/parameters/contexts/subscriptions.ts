import type { Answer, Contexts, Form, Send } from './shop.ts';
import { id, monthly, oneOf, oneTime, post, subscribe, within } from './shop.ts';
import type { Known } from '../values.ts';

const itemOf = (subscription: Answer): string => id(oneOf(subscription.items));
const other = (send: Send, k: Known) => post(send, '/v1/prices', monthly(k));

/** A subscription to one price, and a dearer one that it may change to. */
const changeable = (more: Form = {}, form: Form = {}) =>
  within(async (send, k) => {
    const made = await subscribe(send, k, more);
    const price = await other(send, k);
    const known = { one_time: await oneTime(send, k), price, plan: price, id: itemOf(made) };
    const all: Form = 'items' in form ? { ...form, items: [{ id: itemOf(made), price }] } : form;
    return [`/v1/subscriptions/${id(made)}`, all, known];
  });

export const subscriptionContexts: Contexts = {
  'POST /v1/subscriptions': [
    within(async (send, k) => [
      '/v1/subscriptions',
      { customer: k.customer!, items: [{ price: k.price! }], expand: ['latest_invoice'] },
      { one_time: await oneTime(send, k), plan: await other(send, k) },
    ]),
    within(async (_send, k) => [
      '/v1/subscriptions',
      {
        customer: k.customer!,
        items: [{ price: k.price! }],
        collection_method: 'send_invoice',
        days_until_due: '9',
      },
    ]),
  ],
  'POST /v1/subscriptions/:id': [
    changeable(),
    changeable({}, { items: [] }),
    changeable({}, { items: [], proration_behavior: 'always_invoice', expand: ['latest_invoice'] }),
    changeable({ collection_method: 'send_invoice', days_until_due: '9' }),
    changeable({ trial_period_days: '9' }),
    changeable({ cancel_at_period_end: 'true' }),
  ],
  'DELETE /v1/subscriptions/:id': [
    within(async (send, k) => [`/v1/subscriptions/${id(await subscribe(send, k))}`, {}]),
    within(async (send, k) => [
      `/v1/subscriptions/${id(await subscribe(send, k))}`,
      { prorate: 'true', invoice_now: 'true', expand: ['latest_invoice'] },
    ]),
  ],
  'POST /v1/subscriptions/:id/migrate': [
    within(async (send, k) => {
      const made = await subscribe(send, k, { billing_mode: { type: 'classic' } });
      return [
        `/v1/subscriptions/${id(made)}/migrate`,
        { billing_mode: { type: 'flexible', flexible: { proration_discounts: 'itemized' } } },
      ];
    }),
  ],
  'POST /v1/subscriptions/:id/pause': [
    within(async (send, k) => [
      `/v1/subscriptions/${id(await subscribe(send, k))}/pause`,
      { type: 'subscription' },
    ]),
  ],
  'POST /v1/subscriptions/:id/resume': [
    within(async (send, k) => {
      const made = id(await subscribe(send, k));
      await send('POST', `/v1/subscriptions/${made}/pause`, { type: 'subscription' });
      return [`/v1/subscriptions/${made}/resume`, {}];
    }),
  ],
  'POST /v1/subscription_items': [
    within(async (send, k) => {
      const made = await subscribe(send, k);
      return [
        '/v1/subscription_items',
        { subscription: id(made), price: await other(send, k) },
        { plan: await other(send, k) },
      ];
    }),
  ],
  'POST /v1/subscription_items/:id': [
    within(async (send, k) => {
      const made = await subscribe(send, k);
      const price = await other(send, k);
      return [`/v1/subscription_items/${itemOf(made)}`, {}, { price, plan: price }];
    }),
    within(async (send, k) => {
      const made = await subscribe(send, k);
      return [`/v1/subscription_items/${itemOf(made)}`, { quantity: '4' }];
    }),
  ],
  'DELETE /v1/subscription_items/:id': [
    within(async (send, k) => {
      const items = [{ price: await other(send, k) }, { price: k.price! }];
      return [`/v1/subscription_items/${itemOf(await subscribe(send, k, { items }))}`, {}];
    }),
  ],
  'POST /v1/subscription_schedules': [
    within(async (send, k) => [
      '/v1/subscription_schedules',
      {
        customer: k.customer!,
        start_date: 'now',
        phases: [{ items: [{ price: k.price! }], duration: { interval: 'month' } }],
      },
      { plan: await other(send, k), one_time: await oneTime(send, k) },
    ]),
    within(async (send, k) => [
      '/v1/subscription_schedules',
      { from_subscription: id(await subscribe(send, k)) },
    ]),
  ],
  'POST /v1/subscription_schedules/:id': [
    within(async (send, k) => {
      const phase: Form = {
        items: [{ price: k.price! }],
        start_date: 'now',
        duration: { interval: 'month' },
      };
      const made = await post(send, '/v1/subscription_schedules', {
        customer: k.customer!,
        start_date: 'now',
        phases: [{ items: [{ price: k.price! }], duration: { interval: 'month' } }],
      });
      const { phases } = await send('GET', `/v1/subscription_schedules/${made}`);
      const [{ start_date: began }] = phases as [{ start_date: number }];
      return [
        `/v1/subscription_schedules/${made}`,
        { phases: [{ ...phase, start_date: String(began) }] },
        { plan: await other(send, k), one_time: await oneTime(send, k) },
      ];
    }),
  ],
  'POST /v1/subscription_schedules/:id/cancel': [
    within(async (send, k) => [
      `/v1/subscription_schedules/${await scheduled(send, k)}/cancel`,
      {},
    ]),
  ],
  'POST /v1/subscription_schedules/:id/release': [
    within(async (send, k) => [
      `/v1/subscription_schedules/${await scheduled(send, k)}/release`,
      {},
    ]),
  ],
};

async function scheduled(send: Send, k: Known): Promise<string> {
  return post(send, '/v1/subscription_schedules', {
    from_subscription: id(await subscribe(send, k)),
  });
}
