import type Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { beginStory, day, hour, minute } from './support/story.ts';
import type { Story } from './support/story.ts';
import { isSandbox, openSubject } from './support/subject.ts';
import type { Subject } from './support/subject.ts';

let subject: Subject;
let stripe: Stripe;
let story: Story;
let start: number;

beforeAll(async () => {
  subject = await openSubject();
  stripe = subject.stripe;
  start = Math.floor(Date.now() / 1000 / day) * day;
  story = await beginStory(subject, { start: start + 2 * hour });
});
afterAll(() => subject.close());

type Formula = Stripe.Billing.Meter['default_aggregation']['formula'];

function createMeter(formula: Formula): Promise<Stripe.Billing.Meter> {
  const name = `tokens_${crypto.randomUUID().slice(0, 8)}`;
  return stripe.billing.meters.create({
    display_name: 'Tokens',
    event_name: name,
    default_aggregation: { formula },
  });
}

const report = (
  meter: Stripe.Billing.Meter,
  value: string,
  timestamp: number,
  identifier?: string,
) =>
  stripe.billing.meterEvents.create({
    event_name: meter.event_name,
    payload: { stripe_customer_id: story.customer.id, value },
    timestamp,
    ...(identifier === undefined ? {} : { identifier }),
  });

const usage = async (meter: Stripe.Billing.Meter, from: number, to: number) => {
  const query = { customer: story.customer.id, start_time: from, end_time: to };
  return (await stripe.billing.meters.listEventSummaries(meter.id, query)).data[0]
    ?.aggregated_value;
};

// A real meter adds up minutes later; these read at once.
test.skipIf(isSandbox).each([
  ['sum', 6.75],
  ['count', 3],
  ['last', 0.25],
] as [Formula, number][])(
  'a meter by %s makes 1.5, 5 and 0.25 into %d',
  async (formula, expected) => {
    const meter = await createMeter(formula);
    await report(meter, '1.5', start);
    await report(meter, '5', start + minute);
    await report(meter, '0.25', start + hour);
    await report(meter, '1000', start + 2 * hour);
    expect(await usage(meter, start, start + 2 * hour)).toBe(expected);
    expect(await usage(meter, start + 10 * minute, start + 20 * minute)).toBe(0);
  },
);

test.skipIf(isSandbox)(
  'summaries by the hour are there for hours with usage, newest first',
  async () => {
    const meter = await createMeter('sum');
    await report(meter, '1', start);
    await report(meter, '2', start + 59 * minute);
    await report(meter, '4', start + hour);
    const summaries = await stripe.billing.meters.listEventSummaries(meter.id, {
      customer: story.customer.id,
      start_time: start,
      end_time: start + day,
      value_grouping_window: 'hour',
    });
    expect(summaries.data.map((one) => [one.start_time - start, one.aggregated_value])).toEqual([
      [hour, 4],
      [0, 3],
    ]);
  },
);

test('times that are not on the minute are refused', async () => {
  const meter = await createMeter('sum');
  await expect(usage(meter, start + 1, start + hour)).rejects.toMatchObject({
    param: 'start_time',
  });
  await expect(usage(meter, start, start + hour + 1)).rejects.toMatchObject({ param: 'end_time' });
});

test('an identifier is counted once', async () => {
  const meter = await createMeter('sum');
  await report(meter, '1', start, 'once');
  await expect(report(meter, '1', start, 'once')).rejects.toMatchObject({ statusCode: 400 });
});

test.skipIf(isSandbox)('an event is taken back within a day', async () => {
  const meter = await createMeter('sum');
  await report(meter, '7', start, 'slip');
  await stripe.billing.meterEventAdjustments.create({
    event_name: meter.event_name,
    type: 'cancel',
    cancel: { identifier: 'slip' },
  });
  expect(await usage(meter, start, start + hour)).toBe(0);
});

test.each([
  ['36 days ago', () => start - 36 * day],
  ['tomorrow', () => start + 2 * day],
])('an event of %s is refused', async (_name, timestamp) => {
  const meter = await createMeter('sum');
  await expect(report(meter, '1', timestamp())).rejects.toMatchObject({ param: 'timestamp' });
});

test('an event name has one active meter', async () => {
  const meter = await createMeter('sum');
  const again = () =>
    stripe.billing.meters.create({
      display_name: 'Again',
      event_name: meter.event_name,
      default_aggregation: { formula: 'sum' },
    });
  await expect(again()).rejects.toMatchObject({ statusCode: 400 });
  await stripe.billing.meters.deactivate(meter.id);
  await expect(report(meter, '1', start)).rejects.toMatchObject({ statusCode: 400 });
  const second = await again();
  await expect(stripe.billing.meters.reactivate(meter.id)).rejects.toMatchObject({
    statusCode: 400,
  });
  expect(second.status).toBe('active');
});
