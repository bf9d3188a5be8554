import type { ErrorCode } from '../../../domain/errors.ts';

/** One sentence for every code of the API, for no answer at all, and for a change whose answer was lost. */
const errors: Record<ErrorCode | 'network' | 'unknown', string> = {
  network: 'The service did not answer. Check your connection and try again.',
  unknown:
    'No answer came, so we do not know yet whether that went through. Look at what this page shows now before you try again.',
  invalid_request: 'Something in the form is not right. Check the fields and try again.',
  invalid_period: 'That month does not exist.',
  unknown_price: 'This price is no longer offered. Reload the page to see the current ones.',
  unknown_model: 'This model is not offered any more. Choose another one.',
  unknown_pack: 'This pack is no longer sold. Reload the page to see the current ones.',
  invalid_signature: 'The request could not be verified.',
  invalid_payload: 'The request could not be read.',
  unauthenticated: 'You are signed out. Log in to go on.',
  invalid_credentials: 'E-mail and password do not match.',
  token_expired: 'You are signed out. Log in to go on.',
  forbidden: 'You may not do this.',
  billing_role_required: 'Only owners and admins manage billing.',
  upgrade_required: 'Your plan does not include this.',
  not_found: 'This no longer exists.',
  tenant_not_found: 'This account no longer exists.',
  reservation_not_found: 'This reservation no longer exists.',
  email_unverified: 'Confirm your e-mail address first: the link is in the mail we sent you.',
  second_factor_required: 'The code of your app is missing, wrong, or was used before.',
  team_role_required: 'Your role in the team does not allow this. Ask an owner.',
  seat_required:
    'Your team has more people than its plan has seats, and you have none: you can read. Ask an owner for a seat.',
  wrong_account: 'This invitation is for another e-mail address. Log in with that one.',
  seats_full: 'All seats of the plan are taken. Choose a larger plan, or remove somebody first.',
  last_owner: 'A team always has an owner. Make somebody else the owner first.',
  already_member: 'This person is in the team already.',
  already_invited: 'This address is invited already. Send that mail again, or take it back first.',
  invitation_over:
    'This invitation was used, taken back or sent again, or is older than seven days. Ask for a new one.',
  wrong_password: 'The password is wrong.',
  link_over: 'This link was used before, or is too old. Ask for a new one.',
  limit_reached: 'There are as many as there may be. Remove one first.',
  email_taken: 'There is an account with this e-mail already. Log in instead.',
  already_subscribed: 'There is a subscription already. Reload the page to see it.',
  purchase_open: 'A purchase is open already. Finish it, or give it up, before you begin another.',
  refund_window_over:
    'The seven days in which unused credits can be given back here are over. Write to support.',
  nothing_to_refund: 'Nothing of this purchase can be given back any more.',
  no_subscription: 'There is no subscription to change.',
  not_resumable: 'This subscription has ended and cannot be resumed. You can subscribe again.',
  same_price: 'You are on this price already.',
  idempotency_conflict: 'This was sent before with other content.',
  reservation_settled: 'This was settled before with another amount.',
  reservation_released: 'This was released before.',
  payment_required: 'The payment did not go through. Update the card and try again.',
  payload_too_large: 'That is too long. Shorten it and try again.',
  quota_exceeded: 'The quota of this month is used up.',
  rate_limited: 'Too many requests. Wait a moment and try again.',
  internal: 'Something went wrong on our side. Please try again.',
  upstream_failed: 'The model did not answer. Your quota was not touched; please try again.',
  stripe_unavailable: 'Payments cannot be reached at the moment. Please try again in a minute.',
  database_unavailable: 'The service is not ready at the moment. Please try again in a minute.',
  state_changed: 'This changed in the meantime. Reload the page and try again.',
  currency_conflict:
    'This price is in another currency than your running subscription or open invoice. Choose one in that currency, or begin anew when it has ended.',
  subscription_paused:
    'Payments of this subscription are paused, so its plan cannot be changed. Write to support, or cancel it and choose a plan.',
  outcome_unknown:
    'We do not know yet whether that went through. We find out and finish or undo it within a few minutes; nothing is charged twice. What came of it is shown here.',
  not_ready: 'The service is starting. Please try again in a few seconds.',
  busy: 'The service is busy. Please try again in a few seconds.',
};
export default errors;
