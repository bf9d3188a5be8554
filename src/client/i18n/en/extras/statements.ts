import type { StatementState } from '../../../../domain/billing/statement.ts';

const state: Record<StatementState, string> = {
  closed: 'Invoice follows',
  carried: 'Goes on the next one',
  invoicing: 'Invoice follows',
  open: 'Not paid yet',
  paid: 'Paid',
  failed: 'Failed',
  uncollectible: 'Not collected',
  void: 'Void',
  written_off: 'Given up',
};

export default {
  title: 'Usage statements',
  lead: 'They bill what was used beyond the quota of your plan and your credits.',
  empty: 'No statements yet: nothing was used beyond your quota and your credits.',
  state,
  of: 'Statement of {period}',
  closed: 'Closed on {date}',
  carried: '{amount} carried from before are in it.',
  refunded: '{amount} refunded',
  failed: 'Until it is paid nothing more can be used beyond quota and credits. Your plan goes on.',
  confirm: 'Your bank wants you to confirm this payment.',
  lines: 'Lines',
  linesOf: 'Lines of the statement of {period}',
  line: '{period}, {resource}: {credits} credits at {price} each',
  part: '{model}: {units}, {credits} credits',
  partOfCard: '{model}: {units} by rate card {card}, {credits} credits',
  noModel: 'No model named',
  proof: 'Proof as CSV',
  proofOf: 'Proof as CSV of the statement of {period}',
  hash: 'Its hash, as on the invoice: {hash}',
  pay: 'Pay now',
  payOf: 'Pay now: statement of {period}',
  invoice: 'Invoice',
  invoiceOf: 'Invoice of the statement of {period}',
};
