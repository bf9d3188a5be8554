import { expect, inject, test } from 'vitest';
import { TEMPLATE } from '../support/postgres.global.ts';
import { casesFor, seatsFor } from './messages.ts';
import type { StateName } from './states.ts';
import { runState } from './state-run.ts';
import type { VerbName } from './verbs.ts';

/** How many of each state's cases; `npm run test:faults` tries them all, in every state. */
const sample = Number(process.env.FAULTS_COUNT ?? 2);

const wanted = { only: null, sample };

test.each<[StateName, VerbName[]]>([
  ['end planned', ['downgrade', 'upgrade', 'resume']],
  ['downgrade planned', ['cancel', 'upgrade', 'delete tenant']],
  ['checkout open', ['checkout', 'portal']],
])(
  '9 one call fails, in the state "%s": what we said is so, a year later too',
  async (state, verbs) => {
    const report = await runState({
      postgres: { adminUrl: inject('postgresUrl'), template: TEMPLATE },
      state,
      verbs,
      seats: seatsFor(wanted),
      pick: (all) => casesFor(wanted, all),
    });
    expect(report.cases).toBeGreaterThan(sample);
    expect(report.findings.map(({ name, broken }) => ({ name, broken }))).toEqual([]);
  },
  240_000 + sample * 20_000,
);
