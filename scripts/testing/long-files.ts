/**
 * Test files that take longest, of which the suite keeps shorter neighbours: `npm run test:long` runs them
 * and `npm test` does not, so that it is over in ten minutes on two cores.
 */
export const LONG_FILES = {
  integration: [
    'src/server/routes/__tests__/chat-endings.integration.test.ts',
    'src/server/routes/__tests__/team-bounds.integration.test.ts',
    'tests/faults/remedies.integration.test.ts',
    'tests/race/million.integration.test.ts',
    'tests/scenarios/arrangements.test.ts',
    'tests/scenarios/backup.test.ts',
    'tests/scenarios/dunning.test.ts',
    'tests/scenarios/intents.test.ts',
    'tests/scenarios/late-events.test.ts',
    'tests/scenarios/leaving-and-owing.test.ts',
    'tests/scenarios/money-back.test.ts',
    'tests/scenarios/operators-by-command.test.ts',
    'tests/scenarios/packs-faults.test.ts',
    'tests/scenarios/packs-given-back.test.ts',
    'tests/scenarios/packs-refunded-slowly.test.ts',
    'tests/scenarios/plan-changes.test.ts',
    'tests/scenarios/plans-announced.test.ts',
    'tests/scenarios/plans-for-everyone.test.ts',
    'tests/scenarios/plans-published.test.ts',
    'tests/scenarios/quota-months.test.ts',
    'tests/scenarios/rates-commands.test.ts',
    'tests/scenarios/small-amounts.test.ts',
    'tests/scenarios/statement-commands.test.ts',
    'tests/scenarios/statements-given-back.test.ts',
    'tests/scenarios/statements.test.ts',
    'tests/scenarios/stripe-hangs-forms.test.ts',
    'tests/scenarios/top-ups.test.ts',
    'tests/scenarios/usage-commands.test.ts',
    'tests/scenarios/webhooks-first.test.ts',
  ],
  browser: [
    'tests/e2e/app-billing-states.e2e.test.ts',
    'tests/e2e/app-billing-truth.e2e.test.ts',
    'tests/e2e/app-documents.e2e.test.ts',
    'tests/e2e/app-expected-plans.e2e.test.ts',
    'tests/e2e/app-expected-states.e2e.test.ts',
  ],
} as const satisfies Record<string, readonly string[]>;
