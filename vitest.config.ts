import { defineConfig } from 'vitest/config';
import { LONG_FILES } from './scripts/testing/long-files.ts';

const long = process.env.SUITE_WITHOUT_LONG === '1' ? Object.values(LONG_FILES).flat() : [];
/** What starts a server of its own beside the tests' one, which is none of a cluster. */
const apart = process.env.CITUS_URL === undefined ? [] : ['**/elsewhere.integration.test.ts'];
const never = ['**/node_modules/**', '**/dist/**', '.data/**', ...long, ...apart];

/**
 * Three workers also on two cores, because many tests wait: for a clock of PostgreSQL's, for a process
 * that starts. Files of one worker share their modules: reading and warming the product anew for each file took a
 * third of the whole suite's time. So a test keeps what it changes to itself and undoes it.
 */
const shared = { isolate: false, maxWorkers: 3 } as const;

/** What comes later is waited for as long as a busy machine may take: no promise is measured by it. */
const patient = { expect: { poll: { timeout: 60_000 } }, testTimeout: 180_000 } as const;

/**
 * Four projects, told apart by where a test lives and how it ends:
 * `unit` needs nothing, `integration` a PostgreSQL (one server for the run, one cloned database a
 * file), `contract` the local Stripe, `browser` everything and a Chromium.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          ...patient,
          name: 'unit',
          include: ['{src,local-stripe,tests,scripts,bench}/**/*.test.ts'],
          exclude: [
            ...never,
            '**/*.integration.test.ts',
            '**/*.contract.test.ts',
            '**/*.e2e.test.ts',
            'tests/scenarios/**',
          ],
        },
      },
      {
        test: {
          ...shared,
          ...patient,
          name: 'integration',
          include: [
            '{src,tests}/**/*.integration.test.ts',
            'src/**/*.spec.ts',
            'tests/scenarios/**/*.test.ts',
          ],
          exclude: never,
          globalSetup: ['tests/support/postgres.global.ts'],
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          ...shared,
          ...patient,
          name: 'contract',
          include: ['local-stripe/**/*.contract.test.ts'],
          exclude: never,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          // One page at a time is work enough; the product is read and warmed once for all of them.
          isolate: false,
          // As long as Playwright's own locators wait.
          expect: { poll: { timeout: 30_000 } },
          name: 'browser',
          include: ['tests/e2e/**/*.e2e.test.ts'],
          exclude: never,
          globalSetup: ['tests/support/postgres.global.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          // A page on a busy machine may be late once; a real fault fails twice.
          retry: 1,
        },
      },
    ],
  },
});
