import './operator/env-file.ts';
import { decideConfig } from '../src/server/config/config.ts';
import { ConfigError, readEnv } from '../src/server/config/env.ts';
import { createStripeClient, stripeAccessOf } from '../src/server/services/stripe/client/client.ts';
import { setUpStripe } from '../src/server/services/stripe/setup/setup.ts';
import { runCommand } from './operator/command.ts';

/** `stripe:setup`: brings the account of STRIPE_SECRET_KEY to what the product needs. */
await runCommand('npm run stripe:setup', async () => {
  const config = decideConfig(readEnv());
  if (config.stripe.kind === 'local') {
    throw new ConfigError(
      'Set STRIPE_SECRET_KEY to the key of the account to set up. The local Stripe needs no set-up: npm start does it.',
    );
  }
  const access = stripeAccessOf(config.stripe, undefined);
  const publicUrl = isPublic(config.appUrl) ? config.appUrl : undefined;
  const { prices, portalConfiguration, endpoint } = await setUpStripe(createStripeClient(access), {
    webhookUrl: publicUrl && `${publicUrl}/webhooks/stripe`,
    // An endpoint whose secret is in the environment must not be replaced.
    secretKnown: () => access.webhookSecrets.length > 0,
  });
  console.log('Products, prices and the customer portal are set up. Set these variables:\n');
  for (const { variable, priceId } of prices) console.log(`${variable}=${priceId}`);
  console.log(`STRIPE_PORTAL_CONFIGURATION=${portalConfiguration}`);
  if (endpoint?.secret) console.log(`STRIPE_WEBHOOK_SECRET=${endpoint.secret}`);
  for (const id of endpoint?.replaced ?? [])
    console.log(`\nThe old webhook endpoint ${id} was removed.`);
  if (!endpoint) {
    console.log(
      '\nNo webhook endpoint was made, because APP_URL is not an address that Stripe can reach. ' +
        'Set APP_URL and run this again, or forward events with: ' +
        'stripe listen --forward-to localhost:3000/webhooks/stripe',
    );
  }
  return true;
});

function isPublic(appUrl: string | undefined): boolean {
  if (!appUrl) return false;
  const { hostname } = new URL(appUrl);
  return !['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}
