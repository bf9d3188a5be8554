import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { examine, type Surroundings } from '../../scripts/operator/examine.ts';
import { readEnv } from '../../src/server/config/env.ts';
import { systemClock } from '../../src/server/clock.ts';
import type { FaultName } from '../../src/server/services/operations/doctor/faults.ts';
import {
  healthyInstallation,
  URL_OF_HOOK,
  type Installation,
} from '../support/healthy-installation.ts';
import { PlantedAccount } from '../support/planted-account.ts';
import { plantSumDifference, plantStatementDifference } from '../support/planted-differences.ts';
import {
  startModels,
  startRefusingModel,
  type RefusingServer,
} from '../support/refusing-servers.ts';

let installation: Installation;
let { folder, database, client, env, smtp } = {} as Installation;
let llm: RefusingServer;

beforeAll(async () => {
  installation = await healthyInstallation();
  ({ folder, database, client, env, smtp } = installation);
  llm = await startRefusingModel();
});
afterAll(async () => {
  llm?.close();
  await installation?.close();
});

const mended: (() => unknown)[] = [];
afterEach(async () => {
  for (const mend of mended.splice(0).reverse()) await mend();
});

async function faults(
  change: Record<string, string> = {},
  surroundings: Partial<Surroundings> = {},
): Promise<FaultName[]> {
  const around = { clock: systemClock, free: () => Promise.resolve(0.5), ...surroundings };
  const found = await examine(readEnv({ ...env, ...change }), around);
  for (const { fault } of found) if (fault) expect(fault.mend).toMatch(/\.$/);
  return found.flatMap(({ fault }) => fault?.name ?? []);
}

test('14.5 an installation as it should be has no fault', async () => {
  expect(await faults()).toEqual([]);
});

const sql = (text: string, values: unknown[] = []) => database.pool.query(text, values);

/** Writes what the product would have noted, and takes it away again. */
async function note(key: string, value: object): Promise<void> {
  await sql(
    `insert into settings (key, value, updated_at) values ($1, $2, now())
     on conflict (key) do update set value = excluded.value`,
    [key, value],
  );
  mended.push(() => sql('delete from settings where key = $1', [key]));
}

const account = () => new PlantedAccount(client, env['STRIPE_PORTAL_CONFIGURATION']!, mended);

async function insertEvent(state: 'dead' | 'received', ago: string): Promise<void> {
  await sql(
    `insert into stripe_events (id, type, livemode, payload, stripe_created_at, received_at, state)
     values ('evt_planted', 'charge.refunded', false, '{}', now(), now() - $1::interval, $2)`,
    [ago, state],
  );
  mended.push(() => sql(`delete from stripe_events where id = 'evt_planted'`));
}

async function modelThat(...answers: Parameters<typeof startModels>) {
  const server = await startModels(...answers);
  mended.push(() => server.close());
  return { LLM_BASE_URL: `http://127.0.0.1:${server.port}/v1` };
}

const elsewhere = (change: Partial<URL>) => Object.assign(new URL(database.url), change).href;
const env$ = (change: Record<string, string>) => () => Promise.resolve(change);

/** Each fault is planted alone, and answers the settings to look with. */
const PLANTED: [FaultName, what: string, plant: () => Promise<Record<string, string> | void>][] = [
  ['secret_missing', 'no JWT_SECRET', env$({ JWT_SECRET: '' })],
  ['secret_weak', 'one of a single letter', env$({ JWT_SECRET: 'a'.repeat(40) })],
  ['secret_weak', 'a first try', env$({ METRICS_TOKEN: 'changeme-1234567890' })],
  ['secret_weak', 'one that the start refuses', env$({ USAGE_INGEST_TOKEN: 'k3V9-x2Lq7-Zt5' })],
  ['mail_from_nowhere', 'nobody set it', env$({ MAIL_FROM: '' })],
  ['mail_from_nowhere', 'a machine', env$({ MAIL_FROM: 'Billing <root@web1>' })],
  ['address_without_tls', 'http', env$({ APP_URL: 'http://billing.example.com' })],
  ['key_modes_differ', 'a live published key', env$({ STRIPE_PUBLISHABLE_KEY: 'pk_live_1' })],
  ['mail_not_sent', 'no SMTP_URL', env$({ SMTP_URL: '' })],
  ['smtp_away', 'nobody listens', env$({ SMTP_URL: 'smtp://127.0.0.1:1' })],
  ['smtp_away', 'no mail server', async () => ({ SMTP_URL: `smtp://127.0.0.1:${llm.port}` })],
  [
    'smtp_refuses',
    'a wrong password',
    async () => ({ SMTP_URL: `smtp://a:b@127.0.0.1:${smtp.port}` }),
  ],
  ['llm_away', 'nobody listens', env$({ LLM_BASE_URL: 'http://127.0.0.1:1/v1' })],
  [
    'llm_refuses_key',
    'a wrong key',
    async () => ({ LLM_BASE_URL: `http://127.0.0.1:${llm.port}/v1`, LLM_API_KEY: 'wrong' }),
  ],
  ['llm_away', 'a gateway that answers for it', () => modelThat(502, {})],
  ['llm_elsewhere', 'an address without /v1', () => modelThat(404, {})],
  [
    'llm_model_unknown',
    'a name that is not listed',
    async () => ({
      ...(await modelThat(200, { data: [{ id: 'small' }] })),
      ...{ LLM_MODEL: 'small', LLM_ADVANCED_MODELS: 'smal, large' },
    }),
  ],
  [
    'data_dir_unwritable',
    'a file in its place',
    async () => {
      writeFileSync(path.join(folder, 'file'), '');
      return { DATA_DIR: path.join(folder, 'file/data') };
    },
  ],
  ['database_away', 'nobody listens', env$({ DATABASE_URL: 'postgres://a:b@127.0.0.1:1/c' })],
  [
    'database_login_refused',
    'a wrong password',
    async () => ({ DATABASE_URL: elsewhere({ password: 'wrong' }) }),
  ],
  [
    'database_missing',
    'a wrong name',
    async () => ({ DATABASE_URL: elsewhere({ pathname: '/nowhere' }) }),
  ],
  [
    'database_old',
    'one migration less',
    async () => {
      const { rows } = await sql(
        `delete from drizzle.__drizzle_migrations where created_at =
         (select max(created_at) from drizzle.__drizzle_migrations) returning hash, created_at`,
      );
      const { hash, created_at } = rows[0] as { hash: string; created_at: string };
      mended.push(() =>
        sql('insert into drizzle.__drizzle_migrations (hash, created_at) values ($1, $2)', [
          hash,
          created_at,
        ]),
      );
    },
  ],
  [
    'database_drifted',
    'an edited migration',
    async () => {
      const { rows } = await sql(
        `select id, hash from drizzle.__drizzle_migrations order by created_at limit 1`,
      );
      const { id, hash } = rows[0] as { id: number; hash: string };
      await sql(`update drizzle.__drizzle_migrations set hash = 'other' where id = $1`, [id]);
      mended.push(() =>
        sql('update drizzle.__drizzle_migrations set hash = $2 where id = $1', [id, hash]),
      );
    },
  ],
  ['events_dead', 'one was given up', () => insertEvent('dead', '1 second')],
  ['events_late', 'one waits for an hour', () => insertEvent('received', '1 hour')],
  [
    'jobs_late',
    'one waits for an hour',
    async () => {
      await sql('create schema pgboss');
      await sql(
        `create table pgboss.job as select 'created' as state, now() - interval '1 hour' as start_after`,
      );
      mended.push(() => sql('drop schema pgboss cascade'));
    },
  ],
  [
    'alert_open',
    'somebody unknown pays',
    async () => {
      await sql(`insert into alerts (kind, subject_id, message, raised_at, last_raised_at)
               values ('unknown_tenant', 'cus_1', 'x', now(), now())`);
      mended.push(() => sql('delete from alerts'));
    },
  ],
  [
    'ledger_differs',
    'the last verification found something',
    () => note('usage_verification', { differences: 2, at: '' }),
  ],
  ['business_differs', 'a sum that no payment makes', () => plantSumDifference(database, mended)],
  ['statements_differ', 'one was found at night', () => plantStatementDifference(database, mended)],
  [
    'deliveries_refused',
    'a signature was refused since',
    () =>
      note('webhook.deliveries', {
        accepted: '2026-01-01T00:00:00.000Z',
        refused: '2026-01-02T00:00:00.000Z',
      }),
  ],
  ['proxies_untrusted', 'a proxy that nobody trusts', () => note('proxy.untrusted', { at: '' })],
  [
    'stripe_away',
    'nobody listens',
    env$({ STRIPE_API_BASE: 'http://127.0.0.1:1', STRIPE_TIMEOUT_SECONDS: '1' }),
  ],
  ['price_unusable', 'an id that is not there', env$({ STRIPE_PRICE_PRO_MONTHLY: 'price_gone' })],
  [
    'price_unusable',
    'one that is archived',
    async () => {
      const id = await account().anotherPrice({});
      await client.prices.update(id, { active: false });
      return { STRIPE_PRICE_PRO_MONTHLY: id };
    },
  ],
  [
    'price_in_two_slots',
    'Pro twice',
    async () => ({ STRIPE_PRICE_TEAM_MONTHLY: env['STRIPE_PRICE_PRO_MONTHLY']! }),
  ],
  [
    'price_of_another_plan',
    'Team sold as Pro',
    async () => ({
      STRIPE_PRICE_PRO_MONTHLY: await account().anotherPrice({ product: 'squaretable_team' }),
    }),
  ],
  ['price_tax_unsaid', 'tax switched on after the set-up', env$({ STRIPE_TAX: 'automatic' })],
  [
    'currencies_mixed',
    'euros beside yuan',
    async () => ({ STRIPE_PRICE_PRO_MONTHLY: await account().anotherPrice({ currency: 'eur' }) }),
  ],
  ['portal_missing', 'an id that is not there', env$({ STRIPE_PORTAL_CONFIGURATION: 'bpc_gone' })],
  [
    'portal_inactive',
    'it was switched off',
    async () => {
      const { id } = await client.billingPortal.configurations.create({
        features: { invoice_history: { enabled: true } },
      });
      await client.billingPortal.configurations.update(id, { active: false });
      return { STRIPE_PORTAL_CONFIGURATION: id };
    },
  ],
  [
    'portal_upgrades_uncharged',
    'no proration',
    () =>
      account().changePortal({
        subscription_update: { enabled: true, proration_behavior: 'none' },
      }),
  ],
  [
    'portal_downgrades_at_once',
    'no schedule',
    () =>
      account().changePortal({
        subscription_update: { enabled: true, schedule_at_period_end: { conditions: '' } },
      }),
  ],
  [
    'portal_cancels_at_once',
    'cancelling at once',
    () => account().changePortal({ subscription_cancel: { enabled: true, mode: 'immediately' } }),
  ],
  ['endpoint_disabled', 'switched off', () => account().changeEndpoint({ disabled: true })],
  [
    'endpoint_lacks_events',
    'one event',
    () => account().changeEndpoint({ enabled_events: ['charge.refunded'] }),
  ],
  [
    'endpoint_elsewhere',
    'another address',
    () => account().changeEndpoint({ url: 'https://old.example.com/webhooks/stripe' }),
  ],
  [
    'endpoint_twice',
    'a second one by hand',
    async () => {
      const { id } = await client.webhookEndpoints.create({
        url: URL_OF_HOOK,
        enabled_events: ['*'],
      });
      mended.push(() => client.webhookEndpoints.del(id));
    },
  ],
  ['endpoint_unsigned', 'no secret', env$({ STRIPE_WEBHOOK_SECRET: '' })],
];

test.each(PLANTED)('14.5 %s is found: %s', { timeout: 60_000 }, async (name, _what, plant) => {
  const change = (await plant()) ?? {};
  expect(await faults(change)).toContain(name);
});

test.each([
  ['lists the model', () => modelThat(200, { data: [{ id: 'small' }, { id: 'other' }] })],
  ['lists none, and knows chats', () => modelThat(404, {}, { knowsChats: true })],
  ['answers something else', () => modelThat(200, { models: [] })],
])('14.5 a model that %s is well', async (_what, plant) => {
  expect(await faults({ ...(await plant()), LLM_MODEL: 'small' })).toEqual([]);
});

test('14.5 a full disk and a clock that is off are found', async () => {
  const off = { now: () => new Date(Date.now() + 60_000) };
  expect(await faults({}, { free: () => Promise.resolve(0.01), clock: off })).toEqual([
    'disk_nearly_full',
    'clock_skewed',
  ]);
});

test('14.5 each planted fault is gone when it is mended', async () => {
  expect(PLANTED.length).toBeGreaterThanOrEqual(30);
  expect(await faults()).toEqual([]);
});
