import type { Registry } from 'prom-client';
import type { Config } from '../config/config.ts';
import type { Foundation } from './foundation.ts';
import { MailService } from '../services/mail/mail.service.ts';
import type { PlanCatalogue } from '../services/plans/plan-catalogue.ts';
import { createInboxMetrics } from '../services/billing/metrics.ts';
import { createMailMetrics } from '../services/mail/metrics.ts';
import { BillingDetailsService } from '../services/billing/billing-details.service.ts';
import { LimitsService } from '../services/billing/spending/limits.service.ts';
import { PaymentService } from '../services/billing/payment.service.ts';
import { PlanService } from '../services/billing/plan.service.ts';
import { PurchaseService } from '../services/billing/purchase.service.ts';
import { ReconcileService } from '../services/billing/reconcile.service.ts';
import { PackCatalogue } from '../services/stripe/packs/pack-catalogue.ts';
import { PriceCatalogue } from '../services/stripe/catalogue.ts';
import { StripeCallLimiter, type CallLimits } from '../services/stripe/client/call-limits.ts';
import { createStripeClient } from '../services/stripe/client/client.ts';
import { RemedyService } from '../services/billing/remedy.service.ts';
import { StatementInvoices } from '../services/stripe/invoices/statement-invoices.ts';
import { StatementService } from '../services/billing/statement.service.ts';
import { StripeService } from '../services/stripe.service.ts';
import { StripeEventService } from '../services/billing/stripe-event.service.ts';
import { SubscriptionService } from '../services/subscription.service.ts';
import type { BillingDeps } from '../services/billing/subscription/change-billing.ts';
import { HeldConnections } from '../services/billing/locks/held-connections.ts';
import type { UsageRouter } from '../services/usage/routing/router.ts';
import type { CreditService } from '../services/usage/credits/credit.service.ts';
import { KeyedQueue } from '../services/billing/locks/keyed-queue.ts';

export interface BillingServices {
  catalogue: PriceCatalogue;
  plans: PlanService;
  purchases: PurchaseService;
  limits: LimitsService;
  subscriptions: SubscriptionService;
  payments: PaymentService;
  billingDetails: BillingDetailsService;
  statements: StatementService;
  stripeEvents: StripeEventService;
  reconcile: ReconcileService;
  mails: MailService;
  remedies: RemedyService;
  stripeCalls: StripeCallLimiter;
}

/** Wires what has to do with money. */
export function createBillingServices(
  foundation: Foundation,
  usage: BillingDeps['usage'] & { credits: CreditService; router: UsageRouter },
  plans: PlanCatalogue,
  { drain, registry }: { drain: BillingDeps['drain']; registry: Registry },
): BillingServices {
  const { config, clock, log, database, jobs, stripe: access } = foundation;
  const { db } = database;
  const { appUrl, contact, trialDays, dataDir, mail } = config;
  const client = createStripeClient({ ...access, trace: foundation.trace });
  const catalogue = new PriceCatalogue({ stripe: client, access, db, clock, log });
  const packs = new PackCatalogue({ stripe: client, access, db, clock, log });
  const { portalConfiguration } = access;
  const stripe = new StripeService({
    stripe: client,
    portalConfiguration,
    environment: config.environment,
    checkoutSettings: config.checkoutSettings,
  });
  const held = new HeldConnections(foundation.lockDatabase.db);
  const graceDays = config.pastDueGraceDays;
  const queue = new KeyedQueue();
  const { policies } = config;
  const shared = { db, held, queue, clock, log, jobs, trace: foundation.trace };
  const sync = { ...shared, stripe, catalogue, plans, graceDays, policies };
  const billing = { ...sync, usage, appUrl, trialDays, drain };
  const stripeEvents = new StripeEventService({ ...sync, metrics: createInboxMetrics(registry) });
  const statements = new StatementService({
    ...{ db, clock, log, held, queue, router: usage.router, buckets: database.buckets },
    invoices: new StatementInvoices({ stripe: client, environment: config.environment }),
  });
  const buying = { ...billing, packs, credits: usage.credits };
  return {
    catalogue,
    purchases: new PurchaseService(buying),
    limits: new LimitsService({ ...buying, router: usage.router }),
    statements,
    stripeEvents,
    plans: new PlanService({ catalogue, plans, db }),
    subscriptions: new SubscriptionService(billing, statements),
    payments: new PaymentService({ db, clock, router: usage.router }),
    billingDetails: new BillingDetailsService(billing),
    reconcile: new ReconcileService({ ...sync, events: stripeEvents }),
    remedies: new RemedyService(sync),
    stripeCalls: new StripeCallLimiter({ pool: database.pool, limits: callLimitsOf(config) }),
    mails: new MailService({
      ...{ db, clock, log, appUrl, contact, dataDir, mail },
      jwtSecret: config.jwtSecret,
      counter: createMailMetrics(registry, db),
    }),
  };
}

function callLimitsOf({ stripe, stripeCallsPerMinute }: Config): CallLimits {
  const mode = stripe.kind === 'live' && stripe.livemode ? 'live' : 'test';
  return {
    perTenantAndMinute: stripeCallsPerMinute,
    account: stripe.kind === 'live' ? mode : 'local',
  };
}
