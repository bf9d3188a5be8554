import type { Wallet } from './wallets.ts';

/** Why a payment or a card was refused, for a page to say so. */
export interface PaymentFailure {
  code: string;
  declineCode: string | null;
  message: string;
  /** The wallet that was to pay; absent for a card. */
  wallet?: Wallet;
}
