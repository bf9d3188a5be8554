import type { PaymentView, PlanView, SubscriptionView } from '../../../domain/api.ts';

/** A tenant that never paid. */
export const FREE: SubscriptionView = {
  plan: 'free',
  status: 'active',
  interval: null,
  priceId: null,
  currentPeriodStart: null,
  currentPeriodEnd: null,
  cancelAtPeriodEnd: false,
  cancelAt: null,
  trialEnd: null,
  scheduledChange: null,
  announcedChange: null,
  paymentMethod: null,
  pastDue: null,
  growing: null,
  endReason: null,
  nextInvoice: null,
  pendingChange: null,
  pause: null,
  others: [],
  unsettled: null,
  settled: null,
  credits: [],
  stale: false,
};

export const PRO: SubscriptionView = {
  ...FREE,
  plan: 'pro',
  interval: 'month',
  priceId: 'pro_month',
  currentPeriodStart: '2026-11-13T00:00:00Z',
  currentPeriodEnd: '2026-12-13T00:00:00Z',
};

const price = (priceId: string, interval: 'month' | 'year', amountMinor: number) => ({
  priceId,
  interval,
  amountMinor,
  currency: 'cny',
  currencyOptions: [],
});

export const PLANS: PlanView[] = [
  {
    plan: 'free',
    name: 'Free',
    features: ['basic_chat', 'community_browse'],
    limits: { llm_tokens: 50_000, messages: 100, images: 10, api_calls: 0 },
    seats: 1,
    prices: [],
    announcedChange: null,
  },
  {
    plan: 'pro',
    name: 'Pro',
    features: ['basic_chat', 'community_browse', 'character_share', 'advanced_models'],
    limits: { llm_tokens: 1_000_000, messages: 10_000, images: 500, api_calls: 1_000 },
    seats: 1,
    prices: [price('pro_month', 'month', 2_900), price('pro_year', 'year', 29_000)],
    announcedChange: null,
  },
  {
    plan: 'team',
    name: 'Team',
    features: [
      ...(['basic_chat', 'community_browse', 'character_share', 'advanced_models'] as const),
      'all_features',
    ],
    limits: { llm_tokens: 10_000_000, messages: 100_000, images: 5_000, api_calls: 10_000 },
    seats: 10,
    prices: [price('team_month', 'month', 9_900)],
    announcedChange: null,
  },
];

export function payment(changes: Partial<PaymentView>): PaymentView {
  return {
    id: 'in_1',
    number: 'SQ-0001',
    status: 'paid',
    amountDueMinor: 2_900,
    amountPaidMinor: 2_900,
    fromBalanceMinor: 0,
    amountRefundedMinor: 0,
    currency: 'cny',
    about: 'subscription',
    reason: 'subscription_create',
    periodStart: null,
    periodEnd: null,
    paidAt: null,
    failure: null,
    dispute: null,
    hostedInvoiceUrl: 'https://pay.example/i/1',
    invoicePdf: null,
    createdAt: '2026-11-13T00:00:00Z',
    ...changes,
  };
}
