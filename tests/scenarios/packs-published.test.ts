import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { PLANS_FILE, readPacksFile } from '../../src/db/catalogue/plans-file.ts';
import type { PacksView } from '../../src/domain/api.ts';
import { publishPacks } from '../../src/server/services/plans/publish-packs.ts';
import { createStripeClient } from '../../src/server/services/stripe/client/client.ts';
import { setUpStripe } from '../../src/server/services/stripe/setup/setup.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, signUp } from '../support/customer.ts';
import { balance, buy, openPack, payPack, purchases, sessionOf } from '../support/packs.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp()));
afterAll(async () => app?.stop());

/** As an operator does it: publish, then set up. */
async function publish(change: (pack: { id: string }) => object): Promise<void> {
  const { database, clock, stripe } = app.server.context;
  const packs = readPacksFile(PLANS_FILE)!.map((pack) => ({ ...pack, ...change(pack) }));
  await publishPacks({ db: database.db, clock }, packs);
  await setUpStripe(createStripeClient(stripe), { packs, webhook: undefined });
  // Prices are read again within a minute.
  await advanceDays(app, 0.001);
}

test('12.35 a pack that changes while somebody is at the till: price and credits of the session’s version', async () => {
  const [early, late] = [await signUp(app), await signUp(app)];
  const session = await openPack(early, 'small');
  const tillOfLate = await openPack(late, 'small');
  await publish(({ id }) =>
    id === 'small' ? { credits: 50, amounts: [{ currency: 'cny', amountMinor: 800 }] } : {},
  );
  const { body } = await early.api.get<PacksView>('/api/credits/packs');
  expect(body.packs[0]).toMatchObject({
    credits: 50,
    prices: [{ amountMinor: 800, currency: 'cny' }],
  });
  // Who asks again is shown the new one, and the old till is closed.
  const again = await buy(late, 'small');
  expect(sessionOf(again.body.checkoutUrl)).not.toBe(tillOfLate);
  expect(await late.atStripe(`checkout/sessions/${tillOfLate}`)).toMatchObject({
    status: 'expired',
  });
  await payPack(early, session);
  await payPack(late, sessionOf(again.body.checkoutUrl));
  await vi.waitFor(
    async () => {
      expect(await balance(early)).toBe(60);
      expect(await balance(late)).toBe(50);
    },
    { timeout: 60_000, interval: 50 },
  );
  expect((await purchases(early))[0]).toMatchObject({ amountMinor: 600, credits: 60 });
  expect((await purchases(late))[0]).toMatchObject({ amountMinor: 800, credits: 50 });
});

test('12.35 a pack that is taken out is not sold, and what was bought of it stays', async () => {
  const customer = await signUp(app);
  const session = await openPack(customer, 'large');
  const { database, clock } = app.server.context;
  const packs = readPacksFile(PLANS_FILE)!.filter(({ id }) => id !== 'large');
  await publishPacks({ db: database.db, clock }, packs);
  expect(await buy(await signUp(app), 'large')).toMatchObject({
    status: 400,
    body: { code: 'unknown_pack' },
  });
  await payPack(customer, session);
  await vi.waitFor(async () => expect(await balance(customer)).toBe(800), {
    timeout: 60_000,
    interval: 50,
  });
});
