/** Why a payment or a card was refused, for a page to say so. */
export interface PaymentFailure {
  code: string;
  declineCode: string | null;
  message: string;
}
