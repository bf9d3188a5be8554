import { LONG_FILES } from './long-files.ts';
import { BILLING, METERING } from './several-buckets.ts';

export interface Form {
  name: string;
  project: string;
  files: string[];
  env: Record<string, string>;
  /** It holds a promise in seconds, which nothing beside it may use up. */
  isTimed?: boolean;
}

/**
 * The files that take longest, and the long forms of what the suite does a slice of: each the same tests with
 * larger numbers.
 */
export const FORMS: Form[] = [
  {
    name: 'the longest stories',
    project: 'integration',
    files: [...LONG_FILES.integration],
    env: {},
  },
  {
    name: 'the longest walks in a browser',
    project: 'browser',
    files: [...LONG_FILES.browser],
    env: {},
  },
  {
    name: 'streams that end in each way, 1,000 times each',
    project: 'integration',
    files: ['src/server/routes/__tests__/streams'],
    env: { STREAM_RUNS: '1000' },
  },
  {
    name: 'buyers who want more than they pay for, 60',
    project: 'integration',
    files: ['tests/scenarios/buyers'],
    env: { BUYERS_RUNS: '60' },
  },
  {
    name: 'an app killed 25 times among chats, a database away for 80 s',
    project: 'integration',
    files: ['tests/race/chats'],
    env: { CHAT_KILL_RUNS: '25', AWAY_SECONDS_COUNT: '80' },
  },
  {
    name: 'faults, 20 of each state of the slice',
    project: 'integration',
    files: ['tests/faults'],
    env: { FAULTS_COUNT: '20' },
  },
  {
    name: 'metering in 16 buckets: races, crashes and the model, 5 times',
    project: 'integration',
    files: METERING,
    env: { BUCKETS: '16', RACE_RUNS: '5' },
  },
  {
    name: 'metering in 4 buckets: races, crashes and the model, 5 times',
    project: 'integration',
    files: METERING,
    env: { BUCKETS: '4', RACE_RUNS: '5' },
  },
  {
    name: 'plans, packs, statements and top-ups of tenants in 4 buckets',
    project: 'integration',
    files: BILLING,
    env: { BUCKETS: '4' },
  },
  {
    name: 'tenants moved between buckets, 60 histories; a spread killed 20 times',
    project: 'integration',
    files: ['src/server/services/usage/spread', 'tests/race/spread'],
    env: { MOVE_RUNS: '60', SPREAD_RUNS: '20' },
  },
  {
    name: 'parts of usage and limits of members, 200 histories each',
    project: 'integration',
    files: [
      'src/server/routes/__tests__/usage-breakdown',
      'src/server/services/usage/__tests__/member-limits',
    ],
    env: { BREAKDOWN_RUNS: '200', MEMBER_RUNS: '200' },
  },
  {
    name: 'credits against the plain rules, 1,000 histories',
    project: 'integration',
    files: ['src/server/services/usage/credits'],
    env: { CREDITS_RUNS: '1000' },
  },
  {
    name: 'races and crashes, 10 times',
    project: 'integration',
    files: ['tests/race/admission', 'tests/race/crash', 'tests/race/credits'],
    env: { RACE_RUNS: '10' },
  },
  {
    name: 'a hundred thousand calls in 4 buckets while apps and PostgreSQL are killed',
    project: 'integration',
    files: ['tests/race/million'],
    env: { BUCKETS: '4', MILLION_CALLS_COUNT: '100000' },
  },
  {
    name: 'a Stripe that hangs after 0, 5 … 20 calls',
    project: 'integration',
    files: ['tests/scenarios/stripe-hangs-verbs'],
    env: { HANG_DEPTH_COUNT: '4' },
    isTimed: true,
  },
  {
    name: 'every connection ended 200 times',
    project: 'integration',
    files: ['tests/race/terminated'],
    env: { TERMINATION_RUNS: '200' },
  },
  {
    name: 'two processes replaced 10 times under load',
    project: 'integration',
    files: ['tests/race/rolls'],
    env: { ROLL_RUNS: '10' },
  },
  {
    name: 'the production road from a fresh clone, two processes replaced 10 times under load',
    project: 'integration',
    files: ['tests/road'],
    env: { ROAD_RUNS: '10' },
  },
  {
    name: 'random histories, 200',
    project: 'integration',
    files: ['tests/soak'],
    env: { SOAK_RUNS: '200' },
  },
  {
    name: 'poisoned requests, 20,000',
    project: 'integration',
    files: ['tests/scenarios/poison'],
    env: { POISON_RUNS: '20000' },
  },
  {
    name: 'every fault at every call to Stripe of a pack',
    project: 'integration',
    files: ['tests/scenarios/packs-faults'],
    env: { PACK_FAULTS_RUNS: '1' },
  },
  {
    name: 'histories of purchases under rules, 400',
    project: 'integration',
    files: ['src/server/services/billing/purchases'],
    env: { SPENDING_RUNS: '400' },
  },
  {
    name: 'every fault at every call to Stripe of a statement',
    project: 'integration',
    files: ['tests/scenarios/statements-faults'],
    env: { STATEMENT_FAULTS_RUNS: '1' },
  },
  {
    name: 'amounts announced, every arrangement and verb',
    project: 'integration',
    files: ['tests/scenarios/announced-amounts'],
    env: { AMOUNTS_RUNS: '2' },
  },
  {
    name: 'Ctrl-C at 16 moments of a start',
    project: 'integration',
    files: ['tests/scenarios/start-stop'],
    env: { START_STOP_RUNS: '16' },
  },
  {
    name: 'an upgrade under load, 20 times as long',
    project: 'integration',
    files: ['tests/upgrade'],
    env: { UPGRADE_RUNS: '20' },
  },
  {
    name: 'poisoned batches, 40 of each path',
    project: 'integration',
    files: ['src/server/services/usage/__tests__/poisoned-batches'],
    env: { POISON_BATCH_RUNS: '40' },
  },
  {
    name: 'nine months of use, and what grew',
    project: 'integration',
    files: ['tests/scenarios/growth'],
    env: { GROWTH_RUNS: '10' },
  },
  {
    name: 'accounts that ask of Stripe as fast as they can, for 30 s',
    project: 'integration',
    files: ['tests/race/stripe-rate'],
    env: { STRIPE_RATE_COUNT: '30' },
    isTimed: true,
  },
  {
    name: 'a full DATA_DIR, its PostgreSQL on the same disk',
    project: 'integration',
    files: ['tests/scenarios/full-data-dir'],
    env: { FULL_DISK_RUNS: '2' },
  },
  {
    name: 'secrets in the log, every table',
    project: 'integration',
    files: ['tests/scenarios/log-secrets'],
    env: { LOG_SECRETS_RUNS: 'all' },
  },
  {
    name: 'stories and changes at the local Stripe, 400 each',
    project: 'unit',
    files: ['local-stripe/billing/story', 'local-stripe/billing/preview-change'],
    env: { LOCAL_STRIPE_RUNS: '400' },
  },
  {
    name: 'credit notes and amounts under the minimum, 400 each',
    project: 'contract',
    files: [
      'local-stripe/contract/sequences/credit-notes-property',
      'local-stripe/contract/sequences/small-amounts-property',
    ],
    env: { CREDIT_NOTE_RUNS: '400', SMALL_AMOUNT_RUNS: '400' },
  },
  {
    name: 'bills with tax, 300, and as many previews',
    project: 'contract',
    files: ['local-stripe/contract/sequences/tax-property'],
    env: { TAX_RUNS: '300' },
  },
  {
    name: 'a resource, a plan and a mail added in a copy',
    project: 'unit',
    files: ['tests/architecture/extending'],
    env: { EXTENDING_RUNS: '1' },
  },
  {
    name: 'graduated prices, 150 drawn',
    project: 'unit',
    files: ['local-stripe/billing/tiers'],
    env: { TIER_RUNS: '150' },
  },
];
