import type { Db } from '../../../../db/client.ts';
import type { Clock } from '../../../../domain/clock.ts';
import type { Actor } from '../../../../domain/ids.ts';
import type { RefundPolicies } from '../../../../domain/billing/remedy.ts';
import type { Jobs } from '../../../jobs.ts';
import type { Logger } from '../../../log.ts';
import type { PriceCatalogue } from '../../stripe/catalogue.ts';
import type { Patience } from '../../stripe/client/client.ts';
import type { StripeService } from '../../stripe.service.ts';
import type { Turns } from '../locks/keyed-queue.ts';
import type { InvoiceScope } from './write-invoices.ts';

/** What the sync, and everything that ends with one, works with. */
export interface SyncDeps {
  db: Db;
  /** Connections of their own, because they are held while Stripe is asked: meters have the others. */
  lockDb: Db;
  turns: Turns;
  clock: Clock;
  log: Logger;
  stripe: StripeService;
  catalogue: PriceCatalogue;
  graceDays: number;
  policies: RefundPolicies;
  jobs: Pick<Jobs, 'send'>;
}

export interface SyncOptions {
  /** Who or what caused it, for the audit log. */
  actor: Actor;
  requestId?: string;
  patience?: Patience;
  /**
   * Which invoices to bring up to date too: those named, or the newest hundred, and then what of
   * their charges was refunded or is disputed.
   */
  invoices?: InvoiceScope;
}
