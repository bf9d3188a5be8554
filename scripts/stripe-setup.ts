import './operator/env-file.ts';
import { PLANS_FILE, readPacksFile } from '../src/db/catalogue/plans-file.ts';
import { decideForCommand, type Config } from '../src/server/config/config.ts';
import { ConfigError, readEnv } from '../src/server/config/env.ts';
import { createStripeClient, stripeAccessOf } from '../src/server/services/stripe/client/client.ts';
import { callStripe } from '../src/server/services/stripe/client/errors.ts';
import { setUpStripe, type SetUp } from '../src/server/services/stripe/setup/setup.ts';
import { CommandUsageError, runCommand } from './operator/command.ts';

const NO_ENDPOINT =
  'No webhook endpoint was made, because APP_URL is not an address that Stripe can reach. Set APP_URL and run this again, or forward events with: stripe listen --forward-to localhost:3000/webhooks/stripe';

const said = (verb: string, things: string[]) => things.map((thing) => `${verb} ${thing}.`);

await runCommand({
  name: 'stripe:setup',
  about:
    'Brings the account of STRIPE_SECRET_KEY to what the product needs, and prints the settings that come of it. It needs that key, and for the webhook endpoint APP_URL.',
  examples: [
    ['', 'makes what is missing; what is there stays'],
    ['--dry-run', 'says what that is'],
    ['my-plans.yaml', 'with the packs of another file than plans.yaml'],
    ['--rotate', 'replaces the webhook endpoint, and prints the new secret'],
  ],
  words: { name: 'FILE', max: 1 },
  flags: {
    rotate: {
      type: 'boolean',
      about: 'makes a new webhook endpoint and removes ours; without it none is ever removed',
    },
  },
  writes: true,
  async run({ values, words: [file = PLANS_FILE], dryRun }) {
    const config = decideForCommand(readEnv());
    if (config.stripe.kind === 'local') {
      throw new ConfigError(
        'Set STRIPE_SECRET_KEY to the key of the account to set up. The local Stripe needs no set-up: npm start does it.',
      );
    }
    const access = stripeAccessOf(config.stripe, undefined);
    const url = webhookUrl(config);
    const packs = readPacks(file);
    // An endpoint whose secret is in the environment is in use.
    const secretKnown = () => access.webhookSecrets.length > 0;
    const setUp = await callStripe(() =>
      setUpStripe(createStripeClient(access), {
        packs,
        webhook: url ? { url, secretKnown, rotate: values.rotate } : undefined,
        automaticTax: config.checkoutSettings.automaticTax,
        dryRun,
      }),
    );
    const settings = dryRun ? {} : settingsOf(setUp);
    const notes = setUp.endpoint?.notes ?? [NO_ENDPOINT];
    const { made, updated, removed } = setUp.changes;
    return {
      lines: [
        ...said(dryRun ? 'Would make' : 'Made', made),
        ...said(dryRun ? 'Would bring up to date' : 'Brought up to date', updated),
        ...said(dryRun ? 'Would remove' : 'Removed', removed),
        ...(dryRun ? [] : ['', 'Set these variables:', '']),
        ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
        ...notes.flatMap((note) => ['', note]),
      ],
      data: { dryRun, made, updated, removed, settings, notes },
      needsPerson: (setUp.endpoint?.notes.length ?? 0) > 0,
    };
  },
});

function readPacks(file: string) {
  try {
    return readPacksFile(file) ?? [];
  } catch (error) {
    throw new CommandUsageError(error instanceof Error ? error.message : String(error));
  }
}

function settingsOf({ prices, portalConfiguration, endpoint }: SetUp): Record<string, string> {
  return {
    ...Object.fromEntries(prices.map(({ variable, priceId }) => [variable, priceId])),
    STRIPE_PORTAL_CONFIGURATION: portalConfiguration,
    ...(endpoint?.secret ? { STRIPE_WEBHOOK_SECRET: endpoint.secret } : {}),
  };
}

/** Where Stripe delivers; `undefined` where it could not. A local Stripe reaches this machine. */
function webhookUrl({ appUrl, stripe }: Config): string | undefined {
  if (!appUrl) return undefined;
  const { hostname } = new URL(appUrl);
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return isHere && stripe.kind === 'live' ? undefined : `${appUrl}/webhooks/stripe`;
}
