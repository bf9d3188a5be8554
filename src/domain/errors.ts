/** Every code the API can answer, with its HTTP status: the one table. */
export const ERROR_STATUS = {
  invalid_request: 400,
  invalid_period: 400,
  unknown_price: 400,
  unknown_pack: 400,
  unknown_model: 400,
  tax_id_invalid: 400,
  invalid_signature: 400,
  invalid_payload: 400,
  unauthenticated: 401,
  invalid_credentials: 401,
  token_expired: 401,
  forbidden: 403,
  billing_role_required: 403,
  upgrade_required: 403,
  not_found: 404,
  tenant_not_found: 404,
  reservation_not_found: 404,
  email_unverified: 403,
  second_factor_required: 403,
  second_factor_missing: 403,
  operator_sign_in_required: 403,
  wrong_password: 403,
  team_role_required: 403,
  spending_rule: 403,
  seat_required: 403,
  wrong_account: 403,
  email_taken: 409,
  limit_reached: 409,
  seats_full: 409,
  last_owner: 409,
  already_member: 409,
  already_invited: 409,
  already_subscribed: 409,
  purchase_open: 409,
  refund_window_over: 409,
  nothing_to_refund: 409,
  nothing_charged: 409,
  refund_elsewhere: 409,
  no_subscription: 409,
  not_resumable: 409,
  same_price: 409,
  state_changed: 409,
  currency_conflict: 409,
  subscription_paused: 409,
  idempotency_conflict: 409,
  reservation_settled: 409,
  reservation_released: 409,
  consent_stale: 409,
  overage_not_offered: 409,
  overage_paused: 409,
  card_needed: 409,
  link_over: 410,
  invitation_over: 410,
  payment_required: 402,
  payload_too_large: 413,
  invalid_cap: 422,
  invalid_rule: 422,
  invalid_top_up: 422,
  quota_exceeded: 429,
  member_limit: 429,
  rate_limited: 429,
  internal: 500,
  upstream_failed: 502,
  stripe_unavailable: 503,
  outcome_unknown: 503,
  database_unavailable: 503,
  busy: 503,
  not_ready: 503,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

/**
 * The one error of the product. `message` is a sentence for people: what, which value, what now.
 * `data` is answered as `details`; `retryAfterSeconds` as the header `Retry-After`.
 */
export class BillingError extends Error {
  readonly code: ErrorCode;
  readonly data: Record<string, unknown>;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { data?: Record<string, unknown>; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'BillingError';
    this.code = code;
    this.data = options.data ?? {};
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get status(): number {
    return ERROR_STATUS[this.code];
  }
}

/** Somebody else is at what was asked for, or too many ask: nothing was done, and it can be asked again. */
export const isBusy = (error: unknown): error is BillingError =>
  error instanceof BillingError && error.code === 'busy';

/**
 * What keeps a program from starting on this machine, in a sentence that says what to put right: a folder, a
 * file, a server. `cause` has what the system said, for the log.
 */
export class SetUpError extends Error {
  override readonly name = 'SetUpError';
}
