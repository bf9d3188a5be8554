import type { CreditService } from '../../usage/credits/credit.service.ts';
import type { SyncDeps } from '../sync/sync-deps.ts';

/** What brings a purchase to what Stripe says. */
export interface PurchaseDeps extends SyncDeps {
  credits: Pick<
    CreditService,
    'grant' | 'revoke' | 'freeze' | 'unfreeze' | 'spare' | 'readLeft' | 'readOverageTaken'
  >;
}
