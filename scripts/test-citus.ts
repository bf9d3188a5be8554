import { BILLING, METERING } from './testing/several-buckets.ts';
import { conclude, vitest, type Counts } from './testing/run.ts';

const { CITUS_URL } = process.env;
if (!CITUS_URL) {
  console.error(
    'Set CITUS_URL to the coordinator of a cluster with Citus and two workers or more, a database in which they are known, and a user who may make databases on each: docs/scale-out.md says how one is set up.',
  );
  process.exit(3);
}

const { CITUS_KILL, CITUS_START } = process.env;
if (!CITUS_KILL || !CITUS_START) {
  console.log(
    'No server of the cluster is killed: set CITUS_KILL and CITUS_START to commands that kill one and start it again, each given its host and port; docs/scale-out.md says more.',
  );
}

/** What holds on one server holds on a cluster: each file makes a database of its own on it. */
const FILES = [
  ...METERING,
  ...BILLING,
  'src/server/services/usage/routing/__tests__/one-server',
  'src/server/services/usage/spread',
  'tests/race/spread',
  'tests/race/schema-move',
  'tests/cluster',
  'tests/upgrade/cluster',
  'tests/upgrade/upgrade',
];

const counts: Counts[] = [
  await vitest(
    'metering on a cluster',
    ['--project', 'integration', '--maxWorkers', '1', '--testTimeout', '120000', ...FILES],
    { BUCKETS: process.env.BUCKETS ?? '3', CITUS_URL },
  ),
];
const { passed, failed } = conclude(counts);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
