import { idOf, idOrNull } from '../kernel/reference.ts';
import { resource } from './resource.ts';

/** What a card network takes for fraud: made by one of the test cards. */
export const earlyFraudWarnings = resource({
  kind: 'radar.early_fraud_warning',
  path: '/v1/radar/early_fraud_warnings',
  noun: 'early fraud warning',
  references: { charge: 'charge', payment_intent: 'payment_intent' },
  indexes: {
    charge: ({ charge }) => idOf(charge),
    payment_intent: ({ payment_intent }) => idOrNull(payment_intent),
  },
  list: {
    charge: (one, charge: string) => idOf(one.charge) === charge,
    payment_intent: (one, intent: string) => idOrNull(one.payment_intent) === intent,
  },
});
