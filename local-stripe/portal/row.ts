import type { CheckoutFailure } from '../checkout/row.ts';

/** What a portal session knows beyond its API shape; same id. */
export interface PortalRow {
  id: string;
  /** The SetupIntent of a card that the bank challenges. */
  intent: string | null;
  /** Why the last card was not saved. */
  failure: CheckoutFailure | null;
  /** The flow the session was opened for has been gone through. */
  flowDone: boolean;
}
