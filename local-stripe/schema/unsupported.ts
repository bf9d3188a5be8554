import { invalidRequest } from '../kernel/errors.ts';
import type { Params } from '../kernel/types.ts';

/**
 * Parameters that Stripe knows and the local Stripe does not imitate, by endpoint: better a refusal in
 * words than an answer as if the parameter had not been there. `[]` is any element.
 */
const unsupported: readonly { endpoint: RegExp; param: RegExp }[] = [
  {
    endpoint: /^POST \/v1\/payment_intents/,
    param:
      /^(payment_method_data\[(?!(type|card|alipay|wechat_pay|billing_details|allow_redisplay|metadata)\])|payment_method_data\[type\]=(?!(card|alipay|wechat_pay)$)|amount_details|amount_to_confirm|application_fee_amount|fx_quote|hooks|radar_options|final_capture|payment_method_configuration|transfer_data|payment_method_options\[(?!card\b|alipay\b|wechat_pay\b)\w+\]|payment_method_options\[(alipay|wechat_pay)\]\[setup_future_usage\]=(?!none$)|payment_method_options\[card\]\[(?!network\]|request_three_d_secure\]|setup_future_usage\]))/,
  },
  {
    endpoint: /^POST \/v1\/(payment_intents\/:\w+|setup_intents)/,
    param: /^(allowed|excluded)_payment_method_types/,
  },
  {
    endpoint: /^POST \/v1\/setup_intents/,
    param:
      /^(payment_method_configuration|payment_method_options\[(?!card\b)\w+\]|payment_method_options\[card\]\[(?!network\]|request_three_d_secure\]))/,
  },
  { endpoint: /^POST \/v1\/payment_methods$/, param: /^card\[networks\]/ },
  {
    endpoint: /^POST \/v1\/customers/,
    param: /^(cash_balance|tax|validate)\b/,
  },
  {
    endpoint:
      /^POST \/v1\/(invoices|subscriptions|checkout\/sessions|subscription_schedules|invoices\/create_preview)/,
    param:
      /(^|\[)(account_tax_ids|on_behalf_of)\b|issuer\]?\[account|issuer\]?\[type\]=account|\[liability\]\[account|\[liability\]\[type\]=account/,
  },
  {
    endpoint: /^POST \/v1\/(invoices|subscriptions)/,
    param:
      /^(default_source|payment_settings\]?\[(default_mandate|payment_method_options\]\[(?!card\b)\w+)|payment_settings\[payment_method_options\]\[card\]\[(?!network\]|request_three_d_secure\]))/,
  },
  {
    endpoint: /^POST \/v1\/payment_methods/,
    param:
      /^(?!(type|card|alipay|wechat_pay|billing_details|allow_redisplay|metadata|expand|customer|payment_method)\b)/,
  },
  {
    endpoint: /^POST \/v1\/checkout\/sessions$/,
    param:
      /^(payment_method_options\[(?!card\b|alipay\b|wechat_pay\b)\w+\]|payment_method_options\[(alipay|wechat_pay)\]\[setup_future_usage\]=(?!none$)|payment_method_options\[card\]\[(?!request_three_d_secure\]|setup_future_usage\])|payment_method_data|wallet_options|branding_settings\[(icon|logo)\])/,
  },
  {
    endpoint: /^(POST|DELETE) \/v1\/subscriptions/,
    param: /^(billing_thresholds\b|cancellation_details\[feedback_option\]|transfer_data\b)/,
  },
  { endpoint: /./, param: /^customer_account\b/ },
  { endpoint: /^POST \/v1\/tax_ids$/, param: /^owner\[(account|customer_account)\]/ },
  { endpoint: /^GET \/v1\/invoice_payments$/, param: /^payment\[payment_record\]/ },
  { endpoint: /^POST \/v1\/disputes/, param: /^evidence\[enhanced_evidence\]/ },
  { endpoint: /^POST \/v1\/invoices\/:\w+\/(add|update)_lines/, param: /\[tax_amounts\]/ },
];

/** Throws 400 that names the first parameter of a request that is not imitated. */
export function assertImitated(endpoint: string, params: Params): void {
  const rules = unsupported.filter((rule) => rule.endpoint.test(endpoint));
  if (rules.length === 0) return;
  for (const name of namesIn(params)) {
    if (!rules.some(({ param }) => param.test(name))) continue;
    const param = name.replace(/=.*$/s, '');
    throw invalidRequest(`The local Stripe does not imitate \`${param}\`.`, param);
  }
}

/** The name of each value that says something: what is unset or switched off asks for nothing. */
function* namesIn(value: unknown, name = ''): Generator<string> {
  if (value === null || value === undefined || value === false) return;
  if (typeof value !== 'object') {
    yield typeof value === 'string' ? `${name}=${value}` : name;
    return;
  }
  for (const [key, part] of Object.entries(value)) {
    yield* namesIn(part, name === '' ? key : `${name}[${key}]`);
  }
}
