/** What an alert of each kind says (a dot in its name is written as `_`), and the names of its facts. */
export default {
  alertSays: {
    arrangement_replaced:
      'A customer cancelled a subscription that staff had arranged otherwise; it ends as the customer wants.',
    business_differs: 'Sums by month are not what payments, refunds and movements come to.',
    collection_paused: 'Collecting is paused at Stripe: the plan goes on and nothing is charged.',
    charge_dispute_created: 'A customer disputes a charge; answer it at Stripe.',
    credits_shortfall:
      'Credits of a pack that was given back had been used already; nothing is owed for them.',
    customer_not_synced:
      'The customer cannot be read from Stripe, several times in a row; what we show of it is old.',
    dispute_lost: 'A dispute was lost: the money and the fee are gone.',
    duplicate_subscription: 'A team has more than one live subscription.',
    event_dead: 'An event could not be handled and was given up.',
    event_malformed:
      'Stripe lists an event that cannot be read; what it is about is read all the same.',
    intent_stuck: 'What a customer asked for could be brought neither to its end nor back.',
    invoice_finalization_failed: 'Stripe could not finalize an invoice.',
    late_payment: 'Money came for something that is over.',
    other_environment:
      'Something of another environment or mode reached us and was left alone: an endpoint, a key or a database is shared that should not be.',
    purchase_failing: 'A purchase of credits could not be brought up to date, several times.',
    refund_failed: 'A refund failed; the money is still with us.',
    remedy_failing: 'An end or a refund that we owe was refused several times.',
    returned_too_much:
      'More of an invoice went back than was paid for it: refunds and credit notes were made beside each other.',
    statement_credit:
      'Usage was taken back that was billed, and no other statement comes that it could be taken off.',
    statement_failing: 'A statement could not be brought up to date, several times.',
    statement_mismatch:
      'The invoice of a statement does not come to what the statement does; it stays a draft.',
    statement_uncollectible:
      'A statement could not be collected; the team’s overage is off until it agrees anew.',
    statement_void:
      'The invoice of a statement was voided or wholly credited at Stripe: what it billed is never billed again.',
    statements_differ: 'Statements are not what was used, or do not follow the one before.',
    unknown_price: 'The price of a subscription is not in the catalogue; the plan stays as it was.',
    unknown_status:
      'Stripe has a word for a subscription’s state that is not known here; access stays as it was.',
    unknown_tenant:
      'A customer pays at Stripe for a team that this database does not have, and gets nothing for it.',
    webhook_version: 'An event came in another API version than this program speaks.',
  },
  alertFacts: {
    amount: 'Amount',
    attempts: 'Tries',
    cause: 'Why',
    credits: 'Credits used',
    ending: 'Ends',
    error: 'Error',
    eventId: 'Event',
    invoice: 'Invoice',
    invoiceAmount: 'The invoice comes to',
    late: 'For',
    objectId: 'At Stripe',
    policy: 'What is done',
    price: 'Price',
    remedy: 'Owed',
    statementAmount: 'The statement comes to',
    state: 'State',
    status: 'State at Stripe',
    subscriptions: 'Subscriptions',
    tenantId: 'Team',
    wanted: 'Spoken here',
  },
  alertWords: {
    pack_of_deleted_team: 'a pack of a team that was deleted',
    subscription_over: 'a subscription that was over',
    team_deleted: 'a subscription of a team that was deleted',
    refund: 'It is given back automatically.',
    alert: 'Somebody has to decide.',
    end_subscription: 'the end of a subscription',
    refund_invoice: 'the refund of an invoice',
    refund_sum: 'the refund of a sum of an invoice',
    late_payment: 'money for something that is over',
    duplicate_subscription: 'a second subscription',
    trial_used: 'a second free trial',
  },
};
