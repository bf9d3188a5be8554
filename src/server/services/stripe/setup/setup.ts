import type { Stripe } from 'stripe';
import { z } from 'zod';
import type { Db } from '../../../../db/client.ts';
import type { PackDraft } from '../../../../db/catalogue/plans-file.ts';
import { listSoldPacks } from '../../../../db/repositories/billing/credit-pack.repository.ts';
import {
  findSetting,
  writeSetting,
} from '../../../../db/repositories/operations/setting.repository.ts';
import { lockSetUp } from '../../../../db/repositories/billing/lock.repository.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { ConfigError } from '../../../config/env.ts';
import { createStripeClient, type StripeAccess } from '../client/client.ts';
import { callStripe, isStripeUnavailable } from '../client/errors.ts';
import { Changes } from './changes.ts';
import { ensurePortalConfiguration } from './portal.ts';
import { ensurePackPrices } from './pack-prices.ts';
import { ensurePrices, type EnsuredPrice } from './products.ts';
import { ensureWebhookEndpoint, type EndpointOptions, type EnsuredEndpoint } from './webhook.ts';

export interface SetUp {
  prices: EnsuredPrice[];
  portalConfiguration: string;
  endpoint: EnsuredEndpoint | undefined;
  changes: Changes;
}

/**
 * Brings a Stripe account to what the product needs: products, prices of plans and packs, portal configuration and,
 * where `webhook` is given, the webhook endpoint. Can be run again at any time. With `dryRun` nothing
 * is changed, and ids of what would be made are stand-ins.
 */
export async function setUpStripe(
  stripe: Stripe,
  options: {
    webhook: EndpointOptions | undefined;
    /** Those that are sold. */
    packs: readonly PackDraft[];
    /** Whether the account works tax out: its prices then say that it is in them. */
    automaticTax?: boolean;
    dryRun?: boolean;
  },
): Promise<SetUp> {
  const { packs, webhook, automaticTax = false, dryRun = false } = options;
  const changes = new Changes(dryRun);
  const prices = await ensurePrices(stripe, changes, { automaticTax });
  await ensurePackPrices(stripe, changes, packs, { automaticTax });
  const portalConfiguration = await ensurePortalConfiguration(stripe, changes, prices);
  const endpoint = webhook ? await ensureWebhookEndpoint(stripe, changes, webhook) : undefined;
  return { prices, portalConfiguration, endpoint, changes };
}

interface LocalSetUp {
  webhookUrl: string;
  db: Db;
  clock: Clock;
  automaticTax?: boolean;
}

const WEBHOOK_SETTING = 'stripe.local.webhook';
const keptWebhook = z.object({ endpointId: z.string(), secret: z.string() });

/**
 * Sets a local Stripe up and answers the access to it, complete. The webhook secret, which Stripe
 * tells once, is kept in the database for the next start. What `access` has set already wins.
 */
export async function setUpLocalStripe(
  access: StripeAccess,
  options: LocalSetUp,
): Promise<StripeAccess> {
  const { db } = options;
  // Of processes that start at once the first makes what all of them use.
  return db.transaction(async (tx) => {
    await lockSetUp(tx);
    return setUpAlone(access, options);
  });
}

async function setUpAlone(access: StripeAccess, options: LocalSetUp): Promise<StripeAccess> {
  const { webhookUrl, db, clock, automaticTax = false } = options;
  const kept = keptWebhook.safeParse(await findSetting(db, WEBHOOK_SETTING)).data;
  const stripe = createStripeClient(access);
  const secretKnown = (endpointId: string) => endpointId === kept?.endpointId;
  const packs = await listSoldPacks(db);
  const setUpOnce = (rotate: boolean) =>
    setUpStripe(stripe, {
      packs,
      automaticTax,
      webhook:
        access.webhookSecrets.length > 0 ? undefined : { url: webhookUrl, secretKnown, rotate },
    });
  const setUp = await reaching(access, async () => {
    const first = await setUpOnce(false);
    // Whose secret is lost, or of an older version: nobody else listens at a local Stripe.
    return first.endpoint && !first.endpoint.endpointId ? setUpOnce(true) : first;
  });
  const { endpoint } = setUp;
  const secret = endpoint?.secret ?? kept?.secret;
  if (endpoint?.endpointId && endpoint.secret) {
    const value = { endpointId: endpoint.endpointId, secret: endpoint.secret };
    await writeSetting(db, WEBHOOK_SETTING, value, clock.now());
  }
  return {
    ...access,
    webhookSecrets: endpoint && secret ? [secret] : access.webhookSecrets,
    portalConfiguration: access.portalConfiguration ?? setUp.portalConfiguration,
  };
}

async function reaching<T>({ apiBase }: StripeAccess, work: () => Promise<T>): Promise<T> {
  try {
    return await callStripe(work);
  } catch (error) {
    if (!isStripeUnavailable(error)) throw error;
    throw new ConfigError(
      `There is no local Stripe at ${apiBase?.origin}: start it with npm run local-stripe, or unset STRIPE_API_BASE and STRIPE_SECRET_KEY.`,
      { cause: error },
    );
  }
}
