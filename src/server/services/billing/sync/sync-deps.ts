import type { Db } from '../../../../db/client.ts';
import type { Clock } from '../../../../domain/clock.ts';
import type { Actor } from '../../../../domain/ids.ts';
import type { RefundPolicies } from '../../../../domain/billing/remedy.ts';
import type { Jobs } from '../../../jobs.ts';
import type { Logger } from '../../../log.ts';
import type { Trace } from '../../operations/tracing/trace.ts';
import type { PlanCatalogue } from '../../plans/plan-catalogue.ts';
import type { PriceCatalogue } from '../../stripe/catalogue.ts';
import type { CallTimeouts } from '../../stripe/client/client.ts';
import type { StripeService } from '../../stripe.service.ts';
import type { BillingLocks } from '../locks/customer-lock.ts';
import type { InvoiceScope } from './write-invoices.ts';

/** What the sync works with, and every service that ends with one. */
export interface SyncDeps extends BillingLocks {
  db: Db;
  clock: Clock;
  log: Logger;
  trace: Trace;
  stripe: StripeService;
  catalogue: PriceCatalogue;
  plans: PlanCatalogue;
  graceDays: number;
  policies: RefundPolicies;
  jobs: Pick<Jobs, 'send'>;
}

export interface SyncOptions {
  /** Who or what caused it, for the audit log. */
  actor: Actor;
  requestId?: string;
  timeouts?: CallTimeouts;
  /**
   * Which invoices to bring up to date too: those named, or the newest hundred, and then what of
   * their charges was refunded or is disputed.
   */
  invoices?: InvoiceScope;
}
