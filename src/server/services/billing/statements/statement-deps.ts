import type { Database } from '../../../../db/client.ts';
import type { Clock } from '../../../../domain/clock.ts';
import type { Logger } from '../../../log.ts';
import type { StatementInvoices } from '../../stripe/invoices/statement-invoices.ts';
import type { UsageRouter } from '../../usage/routing/router.ts';
import type { BillingLocks } from '../locks/customer-lock.ts';

/** What statements are closed with. */
export interface ClosingDeps {
  db: Database['db'];
  clock: Clock;
  log: Logger;
  /** Where an account's movements are read. */
  router: Pick<UsageRouter, 'read' | 'inEach'>;
}

/** What brings them to what Stripe says. */
export interface StatementDeps extends ClosingDeps, BillingLocks {
  invoices: StatementInvoices;
  /** Where an account is told of them. */
  buckets: Database['buckets'];
}
