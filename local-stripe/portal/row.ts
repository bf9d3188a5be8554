import type { PaymentFailure } from '../billing/payment/failure.ts';

/** What a portal session knows beyond its API shape; same id. */
export interface PortalRow {
  id: string;
  /** The SetupIntent of a card that the bank challenges. */
  intent: string | null;
  /** Why the last card was not saved. */
  failure: PaymentFailure | null;
  /** The flow the session was opened for has been gone through. */
  flowDone: boolean;
}
