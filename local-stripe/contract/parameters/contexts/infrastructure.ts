import type { Contexts, Form, Send } from './shop.ts';
import { post, within } from './shop.ts';
import type { Known } from '../values.ts';

const name = (known: Known) => `calls_${known.product!}`;
const meter = (known: Known): Form => ({
  display_name: 'Calls',
  event_name: name(known),
  default_aggregation: { formula: 'sum' },
});
/** A closed port of this machine: nothing is sent anywhere. */
const endpoint: Form = { url: 'http://127.0.0.1:9/', enabled_events: ['topup.failed'] };

async function used(send: Send, known: Known): Promise<string> {
  const made = await post(send, '/v1/billing/meters', meter(known));
  await send('POST', '/v1/billing/meter_events', {
    event_name: name(known),
    identifier: name(known),
    payload: { stripe_customer_id: known.customer!, value: '5' },
  });
  return made;
}

export const infrastructureContexts: Contexts = {
  'POST /v1/billing/meters': [within(async (_send, k) => ['/v1/billing/meters', meter(k)])],
  'POST /v1/billing/meters/:id': [
    within(async (send, k) => [
      `/v1/billing/meters/${await post(send, '/v1/billing/meters', meter(k))}`,
      { display_name: 'Calls' },
    ]),
  ],
  'POST /v1/billing/meter_events': [
    within(async (send, k) => {
      await used(send, k);
      const event = {
        event_name: name(k),
        payload: { stripe_customer_id: k.customer!, value: '5' },
      };
      return ['/v1/billing/meter_events', event, { event_name: name(k) }];
    }),
  ],
  'POST /v1/billing/meter_event_adjustments': [
    within(async (send, k) => {
      await used(send, k);
      return [
        '/v1/billing/meter_event_adjustments',
        { event_name: name(k), type: 'cancel', cancel: { identifier: name(k) } },
        { event_name: name(k), identifier: name(k) },
      ];
    }),
  ],
  'GET /v1/billing/meters/:id/event_summaries': [
    within(async (send, k) => {
      const made = await used(send, k);
      const other = await post(send, '/v1/customers', {});
      return [
        `/v1/billing/meters/${made}/event_summaries`,
        { customer: k.customer!, start_time: '1798675200', end_time: '1799280000' },
        { customer: other },
      ];
    }),
  ],
  'POST /v1/webhook_endpoints': [within(async () => ['/v1/webhook_endpoints', endpoint])],
  'POST /v1/webhook_endpoints/:id': [
    within(async (send) => [
      `/v1/webhook_endpoints/${await post(send, '/v1/webhook_endpoints', endpoint)}`,
      {},
    ]),
  ],
  'POST /v1/test_helpers/test_clocks': [
    within(async () => ['/v1/test_helpers/test_clocks', { frozen_time: '1798761600' }]),
  ],
  'POST /v1/test_helpers/test_clocks/:id/advance': [
    within(async (send) => {
      const form = { frozen_time: '1798761600' };
      const made = await post(send, '/v1/test_helpers/test_clocks', form);
      return [`/v1/test_helpers/test_clocks/${made}/advance`, { frozen_time: '1798765200' }];
    }),
  ],
};
