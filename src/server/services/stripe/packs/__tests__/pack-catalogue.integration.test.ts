import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLocalStripe, type LocalStripe } from 'local-stripe';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import {
  PLANS_FILE,
  readPacksFile,
  type PackDraft,
} from '../../../../../db/catalogue/plans-file.ts';
import { createMovableClock } from '../../../../clock.ts';
import { createLog } from '../../../../log.ts';
import { publishPacks } from '../../../plans/publish-packs.ts';
import { createStripeClient, stripeAccessOf } from '../../client/client.ts';
import { setUpLocalStripe } from '../../setup/setup.ts';
import { PackCatalogue } from '../pack-catalogue.ts';

let local: LocalStripe;
let database: TestDatabase;
const clock = createMovableClock();
const log = createLog('silent', false);

beforeAll(async () => {
  database = await createTestDatabase();
  local = await startLocalStripe({ port: 0, clock });
});
afterAll(async () => {
  await local.close();
  await database.drop();
});

const access = () => stripeAccessOf({ kind: 'local', port: 0 }, new URL(local.url));
const setUp = () =>
  setUpLocalStripe(access(), {
    webhookUrl: 'http://127.0.0.1:3000/webhooks/stripe',
    db: database.db,
    clock,
  });
const open = (secretKey = access().secretKey) =>
  new PackCatalogue({
    stripe: createStripeClient({ ...access(), secretKey }),
    access: access(),
    db: database.db,
    clock,
    log,
  });
const publish = (drafts: PackDraft[]) => publishPacks({ db: database.db, clock }, drafts);
const FIRST = readPacksFile(PLANS_FILE)!;
const withBonus = (bonus: number) =>
  FIRST.map((pack) => (pack.id === 'medium' ? { ...pack, bonus } : pack));
const medium = async (catalogue: PackCatalogue) =>
  (await catalogue.listOffered()).find(({ id }) => id === 'medium');

test('12.3 a fresh start offers the packs of the file at its amounts', async () => {
  await setUp();
  await setUp();
  const catalogue = open();
  const offered = await catalogue.listOffered();
  expect(offered).toMatchObject(FIRST.map((pack) => ({ ...pack, version: 1 })));
  const { data } = await createStripeClient(access()).prices.list({ limit: 100 });
  expect(data.filter(({ metadata }) => metadata['squaretable_pack'])).toHaveLength(3);
  await expect(catalogue.getOffered('huge')).rejects.toMatchObject({ code: 'unknown_pack' });
});

test('12.3 a change is sold by a new price; until that is there the old one sells what it sold', async () => {
  const catalogue = open();
  const before = await medium(catalogue);
  expect(await publish(withBonus(60))).toEqual([
    { id: 'medium', version: 2, change: 'credits=300 bonus=60 days=365 cny=3000 usd=499' },
  ]);
  expect(await publish(withBonus(60))).toEqual([]);
  expect(await medium(catalogue)).toMatchObject({ version: 1, bonus: 30 });
  await setUp();
  catalogue.expire();
  expect(await medium(catalogue)).toMatchObject({ version: 2, bonus: 60 });
  expect((await medium(catalogue))!.priceId).not.toBe(before!.priceId);
  const { rows } = await database.pool.query(
    'select version from credit_pack_prices where stripe_price_id = $1',
    [before!.priceId],
  );
  expect(rows).toEqual([{ version: 1 }]);
  await expect(
    database.pool.query(`update credit_packs set bonus = 1 where id = 'medium'`),
  ).rejects.toThrow(/never changes/);
});

test('12.3 a price that an operator made stays, and sells the newest version', async () => {
  const stripe = createStripeClient(access());
  const made = await stripe.prices.create({
    currency: 'cny',
    unit_amount: 2_800,
    product_data: { name: 'Spring offer' },
    lookup_key: 'squaretable_pack_medium',
    transfer_lookup_key: true,
  });
  await setUp();
  const catalogue = open();
  expect(await medium(catalogue)).toMatchObject({
    priceId: made.id,
    version: 2,
    amounts: [{ amountMinor: 2_800, currency: 'cny' }],
  });
});

test('12.3 while Stripe is away the last reading stands; a pack that was taken out is not sold', async () => {
  const unreachable = new PackCatalogue({
    stripe: createStripeClient({ ...access(), apiBase: new URL('http://127.0.0.1:1') }),
    access: access(),
    db: database.db,
    clock,
    log,
  });
  expect((await unreachable.listOffered()).map(({ id }) => id)).toEqual([
    'small',
    'medium',
    'large',
  ]);
  await publish(FIRST.filter(({ id }) => id !== 'large'));
  expect((await unreachable.listOffered()).map(({ id }) => id)).toEqual(['small', 'medium']);
  await expect(open().getOffered('large')).rejects.toMatchObject({ code: 'unknown_pack' });
});
