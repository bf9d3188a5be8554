/**
 * What lives in buckets, and what is paid for it: each file's tests hold wherever tenants lie. `npm run test:long`
 * runs them in several buckets of one server, `npm run test:citus` on a cluster.
 */

/** Admission exact, crashes, the model, books: in a few buckets and in many. */
export const METERING = [
  'src/server/services/usage/__tests__',
  'src/server/services/usage/credits',
  'src/server/services/usage/ledger',
  'src/server/services/usage/quota',
  'tests/race/admission',
  'tests/race/crash',
  'tests/race/credits',
];

/** Plans, packs, statements, rules and top-ups of tenants that are metered there. */
export const BILLING = [
  'src/server/services/billing/purchases',
  'src/server/services/billing/statements',
  'src/server/routes/__tests__/usage-breakdown',
  'tests/scenarios/allowances',
  'tests/scenarios/first-purchase',
  'tests/scenarios/killed',
  'tests/scenarios/packs.test',
  'tests/scenarios/packs-given-back',
  'tests/scenarios/plan-changes',
  'tests/scenarios/quota-months',
  'tests/scenarios/spending-rules',
  'tests/scenarios/statements',
  'tests/scenarios/top-ups',
  'tests/scenarios/usage-billing-story',
  'tests/scenarios/usage-commands',
];
