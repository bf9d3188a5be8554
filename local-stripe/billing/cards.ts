/** Why a card says no, in the words of Stripe's errors. */
export interface Decline {
  code:
    | 'card_declined'
    | 'expired_card'
    | 'incorrect_cvc'
    | 'incorrect_number'
    | 'processing_error'
    | 'authentication_required';
  declineCode: string;
  message: string;
  /** What to do about it, where Stripe says. */
  advice?: 'confirm_card_data' | 'do_not_try_again' | 'try_again_later';
  /** The code of the card network; none when it was never asked. */
  networkCode?: string;
}

export type DisputeReason = 'fraudulent' | 'product_not_received';

/** One of Stripe's test cards, and what it is there to show. */
export interface TestCard {
  number: string;
  /** The ready-made payment method, `pm_card_…`. */
  paymentMethod: string;
  brand: string;
  country: string;
  funding: 'credit' | 'debit' | 'prepaid';
  /** Refused when it is attached or charged. */
  decline?: Decline;
  /** Attaches, and refuses every charge after that. */
  declinesCharges?: Decline;
  /** `setup`: challenged until it was once authenticated. `always`: challenged at each payment. */
  authentication?: 'setup' | 'always';
  dispute?: { reason: DisputeReason; inquiry: boolean };
  earlyFraudWarning?: boolean;
  refund?: 'fails_later' | 'pending_first';
}

const networkCodes: Partial<Record<string, string>> = {
  generic_decline: '01',
  insufficient_funds: '51',
  lost_card: '41',
  stolen_card: '43',
};

const declined = (declineCode: string, message = 'Your card was declined.'): Decline => ({
  code: 'card_declined',
  declineCode,
  message,
  ...(declineCode === 'fraudulent' ? {} : { advice: adviceOn(declineCode) }),
  ...(declineCode in networkCodes ? { networkCode: networkCodes[declineCode]! } : {}),
});

function adviceOn(declineCode: string): NonNullable<Decline['advice']> {
  return /^(lost|stolen)_card$/.test(declineCode) ? 'do_not_try_again' : 'try_again_later';
}

/** A charge that nobody is there to authenticate. */
export const authenticationRequired: Decline = {
  code: 'authentication_required',
  declineCode: 'authentication_required',
  message: 'Your card was declined. This transaction requires authentication.',
};

/**
 * Declines that another attempt with the same card cannot change; Stripe makes none then (SDK,
 * `Invoice.attempt_count`; documents, Smart Retries).
 */
export const hardDeclines: readonly Decline[] = [
  ...[
    'highest_risk_level',
    'lost_card',
    'pickup_card',
    'revocation_of_all_authorizations',
    'revocation_of_authorization',
    'stolen_card',
    'transaction_not_allowed',
  ].map((code) => declined(code)),
  {
    code: 'incorrect_number',
    declineCode: 'incorrect_number',
    message: 'Your card number is incorrect.',
  },
  authenticationRequired,
];

const good = (number: string, paymentMethod: string, brand = 'visa', country = 'US'): TestCard => ({
  number,
  paymentMethod,
  brand,
  country,
  funding: paymentMethod.includes('debit')
    ? 'debit'
    : paymentMethod.includes('prepaid')
      ? 'prepaid'
      : 'credit',
});

const visa = (number: string, paymentMethod: string, more: Partial<TestCard>): TestCard => ({
  ...good(number, paymentMethod),
  ...more,
});

/** All test cards. Numbers that are not here are refused as `incorrect_number`. */
export const testCards: readonly TestCard[] = [
  good('4242424242424242', 'pm_card_visa'),
  good('4000056655665556', 'pm_card_visa_debit'),
  good('5555555555554444', 'pm_card_mastercard', 'mastercard'),
  good('5200828282828210', 'pm_card_mastercard_debit', 'mastercard'),
  good('5105105105105100', 'pm_card_mastercard_prepaid', 'mastercard'),
  good('2223003122003222', 'pm_card_mastercard_two', 'mastercard'),
  good('371449635398431', 'pm_card_amex', 'amex'),
  good('378282246310005', 'pm_card_amex_two', 'amex'),
  good('6011000990139424', 'pm_card_discover', 'discover'),
  good('6011111111111117', 'pm_card_discover_two', 'discover'),
  good('3056930009020004', 'pm_card_diners', 'diners'),
  good('3566002020360505', 'pm_card_jcb', 'jcb', 'JP'),
  good('6200000000000005', 'pm_card_unionpay', 'unionpay', 'CN'),
  good('4000001560000002', 'pm_card_cn', 'visa', 'CN'),
  good('4000008260000000', 'pm_card_gb', 'visa', 'GB'),
  good('4000002760000016', 'pm_card_de', 'visa', 'DE'),
  good('4000002500000003', 'pm_card_fr', 'visa', 'FR'),
  visa('4000000000000077', 'pm_card_bypassPending', {}),
  visa('4000000000000002', 'pm_card_visa_chargeDeclined', { decline: declined('generic_decline') }),
  visa('4000000000009995', 'pm_card_visa_chargeDeclinedInsufficientFunds', {
    decline: declined('insufficient_funds', 'Your card has insufficient funds.'),
  }),
  visa('4000000000009987', 'pm_card_visa_chargeDeclinedLostCard', {
    decline: declined('lost_card'),
  }),
  visa('4000000000009979', 'pm_card_visa_chargeDeclinedStolenCard', {
    decline: declined('stolen_card'),
  }),
  visa('4100000000000019', 'pm_card_visa_chargeDeclinedFraudulent', {
    decline: declined('fraudulent'),
  }),
  visa('4000000000000069', 'pm_card_chargeDeclinedExpiredCard', {
    decline: {
      code: 'expired_card',
      declineCode: 'expired_card',
      message: 'Your card has expired.',
      advice: 'do_not_try_again',
      networkCode: '54',
    },
  }),
  visa('4000000000000127', 'pm_card_chargeDeclinedIncorrectCvc', {
    decline: {
      code: 'incorrect_cvc',
      declineCode: 'incorrect_cvc',
      message: "Your card's security code is incorrect.",
      advice: 'confirm_card_data',
      networkCode: '82',
    },
  }),
  visa('4000000000000119', 'pm_card_chargeDeclinedProcessingError', {
    decline: {
      code: 'processing_error',
      declineCode: 'processing_error',
      message: 'An error occurred while processing your card. Try again in a little bit.',
      advice: 'try_again_later',
      networkCode: '96',
    },
  }),
  visa('4000000000000341', 'pm_card_chargeCustomerFail', {
    declinesCharges: declined('generic_decline'),
  }),
  visa('4000002500003155', 'pm_card_authenticationRequiredOnSetup', { authentication: 'setup' }),
  visa('4000002760003184', 'pm_card_authenticationRequired', {
    country: 'DE',
    authentication: 'always',
  }),
  visa('4000003800000446', 'pm_card_authenticationRequiredSetupForOffSession', {
    authentication: 'setup',
  }),
  visa('4000008260003178', 'pm_card_authenticationRequiredChargeDeclinedInsufficientFunds', {
    authentication: 'always',
    declinesCharges: declined('insufficient_funds', 'Your card has insufficient funds.'),
  }),
  visa('4000000000000259', 'pm_card_createDispute', {
    dispute: { reason: 'fraudulent', inquiry: false },
  }),
  visa('4000000000002685', 'pm_card_createDisputeProductNotReceived', {
    dispute: { reason: 'product_not_received', inquiry: false },
  }),
  visa('4000000000001976', 'pm_card_createDisputeInquiry', {
    dispute: { reason: 'fraudulent', inquiry: true },
  }),
  visa('4000000000005423', 'pm_card_createIssuerFraudRecord', { earlyFraudWarning: true }),
  visa('4000000000007726', 'pm_card_pendingRefund', { refund: 'pending_first' }),
  visa('4000000000005126', 'pm_card_refundFail', { refund: 'fails_later' }),
];

const byNumber = new Map(testCards.map((card) => [card.number, card]));
const byPaymentMethod = new Map(testCards.map((card) => [card.paymentMethod, card]));
const aliases: Record<string, string> = {
  pm_card_us: 'pm_card_visa',
  pm_card_chargeDeclined: 'pm_card_visa_chargeDeclined',
  pm_card_chargeDeclinedInsufficientFunds: 'pm_card_visa_chargeDeclinedInsufficientFunds',
  pm_card_chargeDeclinedFraudulent: 'pm_card_visa_chargeDeclinedFraudulent',
  pm_card_visa_chargeCustomerFail: 'pm_card_chargeCustomerFail',
  pm_card_visa_chargeDeclinedExpiredCard: 'pm_card_chargeDeclinedExpiredCard',
  pm_card_visa_chargeDeclinedIncorrectCvc: 'pm_card_chargeDeclinedIncorrectCvc',
  pm_card_visa_chargeDeclinedProcessingError: 'pm_card_chargeDeclinedProcessingError',
  pm_card_threeDSecure2Required: 'pm_card_authenticationRequired',
};

/** By number, blanks and dashes allowed. */
export function findCardByNumber(number: string): TestCard | undefined {
  return byNumber.get(number.replaceAll(/[\s-]/g, ''));
}

/** By `pm_card_visa`, or `tok_visa` of the same name. */
export function findReadyMadeCard(name: string): TestCard | undefined {
  const id = name.replace(/^tok_/, 'pm_card_');
  return byPaymentMethod.get(aliases[id] ?? id);
}
