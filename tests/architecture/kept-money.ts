/**
 * Credits are no kept money: Stripe forbids them as stored value, and refunds follow the pack and not
 * an account. So nothing that people read of them may sound like a purse.
 */
export const LIKE_KEPT_MONEY = {
  zh: /余额|充值|储值|钱包|预存/,
  en: /\bbalances?\b|\bwallets?\b|\btop(?:s|ped|ping)?[- ]?ups?\b|\bstored value\b|\bre-?(?:charge|fill)s?\b/i,
} as const;

/** What is really money, or no word for it: the file, what is said there, and why it may be. */
export const REALLY_MONEY: [RegExp, RegExp, string][] = [
  [/zh-CN\/payments\.ts$/, /卡内余额不足/, 'the money on a card'],
  [/zh-CN\/subscription\.ts$/, /的余额，会自动抵扣之后同币种的账单/, 'Stripe’s customer balance'],
  [/zh-CN\/subscription\.ts$/, /你的 \{amount\} 余额是其他币种/, 'Stripe’s customer balance'],
  [
    /zh-CN\/subscription\.ts$/,
    /使用账户余额|留作余额，用于之后的账单/,
    'Stripe’s customer balance',
  ],
  [/zh-CN\/payments\.ts$/, /另由账户余额支付/, 'Stripe’s customer balance'],
  [/en\/payments\.ts$/, /from your credit balance/, 'Stripe’s customer balance'],
  [/en\/subscription\.ts$/, /From your credit balance/, 'Stripe’s customer balance'],
  [/glossary\.md$/, /You have a credit of …, 余额/, 'Stripe’s customer balance'],
  [
    /glossary\.md$/,
    /\*\*top-up\*\*|nor 充值/,
    'the word that code uses, and the one that nobody is told',
  ],
  [/subscription-guide\.md$/, /balance for the next ones/, 'Stripe’s customer balance'],
  [
    /subscription-guide\.zh-CN\.md$/,
    /留作余额，用于之后的账单|、余额和待收的费用|以前的余额留给同币种的账单/,
    'Stripe’s customer balance',
  ],
  [/usage-billing\.md$/, /a refund to a wallet/, 'how it was paid'],
  [/usage-billing\.md$/, /draws of an archived month stay, and balance/, 'adds up'],
  [/packs\.md$/, /call it a top-up/, 'the word that code uses'],
  [/runbook\.md$/, /the books balance|does not balance/, 'adds up'],
];
