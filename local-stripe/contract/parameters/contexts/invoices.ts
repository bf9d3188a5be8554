import type { Answer, Contexts, Form, Send } from './shop.ts';
import { draft, id, monthly, oneOf, oneTime, open, post, subscribe, within } from './shop.ts';

const paidInvoice = within(async (send, k) => {
  const invoice = await open(send, k);
  await send('POST', `/v1/invoices/${invoice}/pay`);
  return [
    '/v1/credit_notes',
    { invoice, amount: '300', credit_amount: '300' },
    { invoice_line_item: id(oneOf((await send('GET', `/v1/invoices/${invoice}`)).lines)) },
  ];
});
/** A note of the whole of a paid invoice, given back in one of the ways. */
const givenBack = (way: (charge: string, send: Send) => Promise<Form>) =>
  within(async (send, k) => {
    const invoice = await open(send, k);
    await send('POST', `/v1/invoices/${invoice}/pay`);
    const { data } = await send('GET', '/v1/charges', { customer: k.customer!, limit: '1' });
    const form = await way((data as Answer[]).map(id)[0]!, send);
    const [{ refund = '' } = {}] = (form.refunds ?? []) as { refund?: string }[];
    return ['/v1/credit_notes', { invoice, amount: '700', ...form }, { refund }];
  });
const refundOf = (charge: string, send: Send) =>
  post(send, '/v1/refunds', { charge, amount: '700' });
const openInvoice = within(async (send, k) => {
  const invoice = await open(send, k);
  const { lines } = await send('GET', `/v1/invoices/${invoice}`);
  return ['/v1/credit_notes', { invoice, amount: '300' }, { invoice_line_item: id(oneOf(lines)) }];
});
const byLine = within(async (send, k) => {
  const invoice = await open(send, k);
  const { lines } = await send('GET', `/v1/invoices/${invoice}`);
  const line = { type: 'invoice_line_item', invoice_line_item: id(oneOf(lines)), amount: '300' };
  return ['/v1/credit_notes', { invoice, lines: [line] }, { invoice_line_item: id(oneOf(lines)) }];
});
const byCustomLine = within(async (send, k) => {
  const invoice = await open(send, k);
  const line = { type: 'custom_line_item', description: 'Off', quantity: '1', unit_amount: '100' };
  return ['/v1/credit_notes', { invoice, lines: [line, line] }];
});
const elsewhere =
  (path: string, make: typeof openInvoice): typeof openInvoice =>
  async (send) => ({
    ...(await make(send)),
    path,
  });
const notes = [
  openInvoice,
  paidInvoice,
  byLine,
  byCustomLine,
  givenBack(async () => ({ refund_amount: '700' })),
  givenBack(async () => ({ out_of_band_amount: '700' })),
  givenBack(async (charge, send) => {
    const refund = await refundOf(charge, send);
    return { refunds: [{ refund, amount_refunded: '700', type: 'refund' }] };
  }),
];

const onDraft = (path: string, make: (line: string) => Form) =>
  within(async (send, k) => {
    const invoice = await draft(send, k);
    const { lines } = await send('GET', `/v1/invoices/${invoice}`);
    return [`/v1/invoices/${invoice}/${path}`, make(id(oneOf(lines)))];
  });

export const invoiceContexts: Contexts = {
  'POST /v1/invoices': [
    within(async (send, k) => [
      '/v1/invoices',
      { customer: k.customer! },
      { subscription: id(await subscribe(send, k)) },
    ]),
    within(async (_send, k) => [
      '/v1/invoices',
      { customer: k.customer!, collection_method: 'send_invoice', days_until_due: '9' },
    ]),
    within(async (_send, k) => ['/v1/invoices', { customer: k.customer!, auto_advance: 'true' }]),
    within(async (send, k) => {
      const item = { customer: k.customer!, amount: '500', currency: 'cny' };
      await send('POST', '/v1/invoiceitems', item);
      return ['/v1/invoices', { customer: k.customer! }];
    }),
  ],
  'POST /v1/invoices/:id': [
    within(async (send, k) => {
      return [`/v1/invoices/${await post(send, '/v1/invoices', { customer: k.customer! })}`, {}];
    }),
    within(async (send, k) => {
      const form = { collection_method: 'send_invoice', days_until_due: '9' };
      return [`/v1/invoices/${await draft(send, k, form)}`, {}];
    }),
    within(async (send, k) => {
      return [`/v1/invoices/${await draft(send, k, { auto_advance: 'true' })}`, {}];
    }),
  ],
  'POST /v1/invoices/create_preview': [
    within(async (send, k) => [
      '/v1/invoices/create_preview',
      { customer: k.customer!, subscription_details: { items: [{ price: k.price! }] } },
      { one_time: await oneTime(send, k), plan: await post(send, '/v1/prices', monthly(k)) },
    ]),
    within(async (send, k) => {
      const made = await subscribe(send, k);
      const price = await post(send, '/v1/prices', monthly(k));
      const item = id(oneOf(made.items));
      return [
        '/v1/invoices/create_preview',
        { subscription: id(made), subscription_details: { items: [{ id: item, price }] } },
        { id: item, plan: price },
      ];
    }),
    within(async (send, k) => [
      '/v1/invoices/create_preview',
      {
        subscription: id(await subscribe(send, k)),
        invoice_items: [{ amount: '300', currency: 'cny' }],
      },
      { one_time: await oneTime(send, k), subscription: id(await subscribe(send, k)) },
    ]),
    within(async (send, k) => [
      '/v1/invoices/create_preview',
      {
        subscription: id(await subscribe(send, k)),
        invoice_items: [{ price: await oneTime(send, k) }],
      },
      { one_time: await oneTime(send, k) },
    ]),
    within(async (send, k) => [
      '/v1/invoices/create_preview',
      {
        schedule: await post(send, '/v1/subscription_schedules', {
          from_subscription: id(await subscribe(send, k)),
        }),
      },
    ]),
  ],
  'POST /v1/invoices/:id/finalize': [
    within(async (send, k) => [`/v1/invoices/${await draft(send, k)}/finalize`, {}]),
  ],
  'POST /v1/invoices/:id/pay': [
    within(async (send, k) => {
      const form = { customer: k.customer! };
      const other = await post(send, '/v1/payment_methods/pm_card_mastercard/attach', form);
      return [
        `/v1/invoices/${await open(send, k)}/pay`,
        { expand: ['payments.data.payment.payment_intent'] },
        { payment_method: other },
      ];
    }),
  ],
  'POST /v1/invoices/:id/add_lines': [
    onDraft('add_lines', () => ({ lines: [{ amount: '300', description: 'More' }] })),
    within(async (send, k) => [
      `/v1/invoices/${await draft(send, k)}/add_lines`,
      { lines: [{ pricing: { price: await oneTime(send, k) } }] },
      {
        price: await oneTime(send, k),
        invoice_item: await post(send, '/v1/invoiceitems', {
          customer: k.customer!,
          amount: '500',
          currency: 'cny',
        }),
      },
    ]),
  ],
  'POST /v1/invoices/:id/update_lines': [
    onDraft('update_lines', (line) => ({ lines: [{ id: line }] })),
    within(async (send, k) => {
      const invoice = await draft(send, k);
      const { lines } = await send('GET', `/v1/invoices/${invoice}`);
      return [
        `/v1/invoices/${invoice}/update_lines`,
        { lines: [{ id: id(oneOf(lines)) }] },
        { price: await oneTime(send, k) },
      ];
    }),
  ],
  'POST /v1/invoices/:id/remove_lines': [
    onDraft('remove_lines', (line) => ({ lines: [{ id: line, behavior: 'delete' }] })),
  ],
  'POST /v1/invoices/:id/attach_payment': [
    within(async (send, k) => {
      const invoice = await open(send, k);
      const payment_intent = await post(send, '/v1/payment_intents', {
        amount: '900',
        currency: 'cny',
        customer: k.customer!,
      });
      return [`/v1/invoices/${invoice}/attach_payment`, { payment_intent }, { payment_intent }];
    }),
  ],
  'POST /v1/invoiceitems': [
    within(async (send, k) => [
      '/v1/invoiceitems',
      { customer: k.customer!, amount: '500', currency: 'cny' },
      {
        price: await oneTime(send, k),
        subscription: id(await subscribe(send, k)),
        invoice: await post(send, '/v1/invoices', { customer: k.customer!, currency: 'cny' }),
      },
    ]),
    within(async (send, k) => [
      '/v1/invoiceitems',
      { customer: k.customer!, pricing: { price: await oneTime(send, k) } },
    ]),
  ],
  'POST /v1/invoiceitems/:id': [
    within(async (send, k) => {
      const form = { customer: k.customer!, amount: '500', currency: 'cny' };
      return [
        `/v1/invoiceitems/${await post(send, '/v1/invoiceitems', form)}`,
        {},
        { price: await oneTime(send, k) },
      ];
    }),
  ],
  'POST /v1/credit_notes': notes,
  'GET /v1/credit_notes/preview': notes.map((one) => elsewhere('/v1/credit_notes/preview', one)),
  'GET /v1/credit_notes/preview/lines': notes.map((one) =>
    elsewhere('/v1/credit_notes/preview/lines', one),
  ),
  'POST /v1/credit_notes/:id': [
    within(async (send, k) => {
      const form = { invoice: await open(send, k), amount: '300' };
      return [`/v1/credit_notes/${await post(send, '/v1/credit_notes', form)}`, {}];
    }),
  ],
};
