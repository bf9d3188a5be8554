import Stripe from 'stripe';
import type { Role, TenantId, UserId } from '../../src/domain/ids.ts';
import { BillingError } from '../../src/domain/errors.ts';
import type { Interval, PaidPlan } from '../../src/domain/plans.ts';
import { insertUser } from '../../src/db/repositories/accounts/user.repository.ts';
import type { Context } from '../../src/server/context.ts';
import { errorText } from '../../src/server/log/error-text.ts';
import { hashPassword } from '../../src/server/services/accounts/password.ts';
import { createStripeClient } from '../../src/server/services/stripe/client/client.ts';
import type { Requester } from '../../src/server/services/billing/requester.ts';
import { patiently, TRIES } from './patiently.ts';

/** Everybody of the demo signs in with it. */
export const DEMO_PASSWORD = 'squaretable-demo';
export const DEMO_OWNER = 'demo@example.com';
/** Whose tenant has somebody else in it too: on Team, which has seats for both. */
const WITH_MEMBER = 'team@example.com';

type Stage = (demo: Demo, requester: Requester) => Promise<void>;

/** One tenant for each state that a subscription can be in; the address says which. */
const TENANTS: { email: string; tenantName: string; stage: Stage }[] = [
  { email: DEMO_OWNER, tenantName: 'Demo', stage: async () => {} },
  { email: 'pro@example.com', tenantName: 'Pro by the month', stage: useCredits },
  { email: 'yearly@example.com', tenantName: 'Pro by the year', stage: buy('pro', 'year') },
  { email: WITH_MEMBER, tenantName: 'Team', stage: buy('team', 'month') },
  { email: 'trial@example.com', tenantName: 'On trial', stage: startTrial },
  { email: 'pastdue@example.com', tenantName: 'Past due', stage: fallBehind },
  { email: 'canceling@example.com', tenantName: 'Ends with its period', stage: planToLeave },
  { email: 'downgrading@example.com', tenantName: 'Team, then Pro', stage: planLess },
  { email: 'canceled@example.com', tenantName: 'Has left', stage: leave },
];

export interface Demo {
  context: Context;
  /** The local Stripe's address. */
  stripeUrl: string;
  /** Told of what of the demo did not come about. */
  say: (line: string) => void;
}

/**
 * Fills a new installation with a demo, through the services and the local Stripe as people would.
 * Tenants that are there already are left as they are. When the process leaves, those that are begun
 * are brought to their state, for nobody does it later, and no other is begun. What does not come about is
 * told and passed by: the product serves without its demo.
 */
export async function seedDemo(demo: Demo): Promise<void> {
  const { begun: leaving } = demo.context.drain;
  const missing = [];
  const passwordHash = await hashPassword(DEMO_PASSWORD);
  for (const tenant of TENANTS) {
    if (leaving.aborted) break;
    const orTell = (error: unknown) =>
      demo.say(`The demo has ${tenant.email} not in its state: ${errorText(error)}`);
    const requester = await makeAccount(demo, tenant, passwordHash).catch(orTell);
    if (requester) missing.push(tenant.stage(demo, requester).catch(orTell));
  }
  await Promise.all(missing);
}

async function makeAccount(
  { context }: Demo,
  { email, tenantName }: { email: string; tenantName: string },
  passwordHash: string,
): Promise<Requester | undefined> {
  const locale = 'zh-CN';
  try {
    const from = { address: '127.0.0.1', isLoopback: true, userAgent: null };
    const account = { email, tenantName, locale, from };
    const { session } = await context.services.auth.makeAccount(account, passwordHash);
    const requester = requesterOf(session.user);
    if (email === WITH_MEMBER) await addMember(context, requester.tenantId, passwordHash);
    return requester;
  } catch (error) {
    if (error instanceof BillingError && error.code === 'email_taken') return undefined;
    throw error;
  }
}

function requesterOf({
  id,
  tenantId,
  role,
}: {
  id: string;
  tenantId: string;
  role: Role;
}): Requester {
  return { userId: id as UserId, tenantId: tenantId as TenantId, role };
}

/** Somebody who may look and not pay. */
async function addMember(
  { database, clock }: Context,
  tenantId: string,
  passwordHash: string,
): Promise<void> {
  const now = clock.now();
  await insertUser(database.db, {
    tenantId,
    email: 'member@example.com',
    passwordHash,
    displayName: 'member',
    role: 'member',
    locale: 'zh-CN',
    createdAt: now,
    updatedAt: now,
  });
}

function buy(plan: PaidPlan, interval: Interval): Stage {
  return async (demo, requester) => {
    const { subscriptions } = demo.context.services;
    const price = await priceOf(demo, plan, interval);
    const url = await patiently(demo.context, () =>
      subscriptions.createSubscription(requester, price),
    );
    await pay(demo, url);
    await patiently(demo.context, () => subscriptions.syncTenant(requester));
  };
}

/** Pays on the hosted page of a Checkout. */
async function pay(demo: Demo, url: string): Promise<void> {
  const sessionId = new URL(url).pathname.split('/').at(-1);
  await control(demo, `/_control/checkout_sessions/${sessionId}/complete`, {
    card: '4242424242424242',
  });
}

/** Pro whose pictures are used up, with a pack of credits that some more were drawn from. */
async function useCredits(demo: Demo, requester: Requester): Promise<void> {
  await buy('pro', 'month')(demo, requester);
  const { purchases, usage } = demo.context.services;
  const url = await patiently(demo.context, () => purchases.begin(requester, { packId: 'medium' }));
  await pay(demo, url);
  await patiently(demo.context, () => purchases.syncUnfinished(requester));
  const { tenantId } = requester;
  for (const amount of [500, 3, 5, 1]) {
    await usage.trackUsage({ tenantId, resourceType: 'images', amount });
  }
}

async function priceOf(demo: Demo, plan: PaidPlan, interval: Interval): Promise<string> {
  const { catalogue } = demo.context.services;
  const offered = await patiently(demo.context, () => catalogue.listOffered());
  const price = offered.find((one) => one.plan === plan && one.interval === interval);
  if (!price) throw new Error(`The local Stripe has no price of ${plan} by the ${interval}.`);
  return price.priceId;
}

async function control({ stripeUrl }: Demo, path: string, body: object): Promise<void> {
  const response = await fetch(stripeUrl + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok)
    throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
}

async function planToLeave(demo: Demo, requester: Requester): Promise<void> {
  await buy('pro', 'month')(demo, requester);
  const { subscriptions } = demo.context.services;
  await patiently(demo.context, () =>
    subscriptions.cancelSubscription(requester, { immediately: false }),
  );
}

async function planLess(demo: Demo, requester: Requester): Promise<void> {
  await buy('team', 'month')(demo, requester);
  const price = await priceOf(demo, 'pro', 'month');
  const { subscriptions } = demo.context.services;
  await patiently(demo.context, () => subscriptions.upgradeSubscription(requester, price));
}

async function leave(demo: Demo, requester: Requester): Promise<void> {
  await buy('pro', 'month')(demo, requester);
  const { subscriptions } = demo.context.services;
  await patiently(demo.context, () =>
    subscriptions.cancelSubscription(requester, { immediately: true }),
  );
}

/**
 * Pro, whose card was changed for one that fails, and whose renewal then came: as nothing here waits
 * for a month, a trial that ends at once brings it (an anchor set anew would make it a change).
 */
async function fallBehind(demo: Demo, requester: Requester): Promise<void> {
  await buy('pro', 'month')(demo, requester);
  const { customerId, subscriptionId, stripe } = await atStripe(demo, requester);
  const card = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', {
    customer: customerId,
  });
  const seconds = 2;
  await stripe.subscriptions.update(subscriptionId, {
    default_payment_method: card.id,
    trial_end: Math.floor(demo.context.clock.now().getTime() / 1000) + seconds,
    proration_behavior: 'none',
  });
  await control(demo, '/_control/clock', { advanceSeconds: seconds });
  // A renewal stays a draft for an hour.
  const { data } = await stripe.invoices.list({ subscription: subscriptionId, status: 'draft' });
  for (const { id } of data) {
    await stripe.invoices.finalizeInvoice(id);
    await stripe.invoices.pay(id).catch(passDecline);
  }
  await patiently(demo.context, () => demo.context.services.subscriptions.syncTenant(requester));
}

function passDecline(error: unknown): void {
  if (!(error instanceof Stripe.errors.StripeCardError)) throw error;
}

/** Pro with two weeks that cost nothing yet. */
async function startTrial(demo: Demo, requester: Requester): Promise<void> {
  const { subscriptions } = demo.context.services;
  const price = await priceOf(demo, 'pro', 'month');
  await patiently(demo.context, () => subscriptions.createSubscription(requester, price));
  const { customerId, stripe } = await atStripe(demo, requester);
  for (const { id } of (await stripe.checkout.sessions.list({ customer: customerId })).data) {
    await stripe.checkout.sessions.expire(id);
  }
  const card = await stripe.paymentMethods.attach('pm_card_visa', { customer: customerId });
  await stripe.subscriptions.create({
    customer: customerId,
    items: [{ price }],
    trial_period_days: 14,
    default_payment_method: card.id,
    metadata: { tenantId: requester.tenantId },
  });
  await patiently(demo.context, () => subscriptions.syncTenant(requester));
}

async function atStripe(demo: Demo, requester: Requester) {
  const { stripe: access, services } = demo.context;
  const stripe = createStripeClient(access, { maxNetworkRetries: TRIES });
  const customerId = await patiently(demo.context, () =>
    services.subscriptions.getCustomerId(requester),
  );
  const { data } = await stripe.subscriptions.list({ customer: customerId });
  return { stripe, customerId, subscriptionId: data[0]?.id ?? '' };
}
