import { expect, test } from 'vitest';
import { startLocalStripe } from 'local-stripe';
import { createMovableClock } from '../../../clock.ts';
import { LOCAL_SECRET_KEY } from '../../../config/stripe.config.ts';
import { createStripeClient } from '../client/client.ts';
import { listEventsSince } from '../events.ts';

test('9 events of one second are listed in the order in which they were made', async () => {
  const clock = createMovableClock();
  const local = await startLocalStripe({ port: 0, clock });
  try {
    const access = { secretKey: LOCAL_SECRET_KEY, apiBase: new URL(local.url) };
    const stripe = createStripeClient(access);
    const ids: string[] = [];
    for (let n = 0; n < 4; n += 1) {
      const { id } = await stripe.customers.create({ name: `Ada ${n}` });
      await stripe.customers.del(id);
      ids.push(id);
    }
    const events = await listEventsSince(stripe, new Date(0));
    const gone = events.filter(({ type }) => type === 'customer.deleted');
    expect(gone.map(({ data }) => (data.object as { id: string }).id)).toEqual(ids);
  } finally {
    await local.close();
  }
});
