import './operator/env-file.ts';
import { readRatesFile } from '../src/db/catalogue/rates-file.ts';
import type { Reweighed } from '../src/db/repositories/usage/ledger/rated.ts';
import {
  foreseeRates,
  lastMonth,
  publishRates,
  reweighMonth,
  type RatePublication,
} from '../src/server/services/plans/publish-rates.ts';
import { CommandUsageError, runCommand } from './operator/command.ts';
import { typedFile } from './operator/typed.ts';
import { withUsage } from './operator/usage.ts';

await runCommand({
  name: 'rates:publish',
  about:
    'Publishes what a file says that tokens weigh, as a new rate card for calls that begin from now on, or from an instant on.',
  examples: [
    ['rates.yaml --dry-run', 'says what would change, and what the last month would have come to'],
    ['rates.yaml', 'for calls that begin from now on'],
    ['rates.yaml --from 2026-12-01T00:00:00Z', 'for calls that begin from then on'],
  ],
  words: { name: 'FILE', max: 1 },
  flags: {
    from: { type: 'string', value: 'INSTANT', about: 'when the card begins, ISO 8601; else now' },
  },
  writes: true,
  async run({ values: { from }, words, dryRun }) {
    const [file] = words;
    if (file === undefined) throw new CommandUsageError('Name the file, as rates.yaml.');
    const weights = typedFile(() => readRatesFile(file));
    const draft = { weights, effectiveAt: from === undefined ? undefined : instantOf(from) };
    return withUsage(async ({ database, clock }) => {
      const deps = { db: database.db, clock };
      const published = dryRun ? await foreseeRates(deps, draft) : await publishRates(deps, draft);
      const month = lastMonth(clock.now());
      const reweighed = dryRun && published ? await reweighMonth(database, month, weights) : [];
      return {
        lines: published
          ? [...linesOf(published, dryRun), ...(dryRun ? linesOfMonth(month, reweighed) : [])]
          : [
              `The rate card ${from === undefined ? 'in force' : `of ${from}`} is as the file has it.`,
            ],
        data: { published: published ?? null, month, reweighed },
      };
    });
  },
});

function instantOf(written: string): Date {
  const instant = new Date(written);
  if (/^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(written) && !Number.isNaN(instant.getTime())) {
    return instant;
  }
  throw new CommandUsageError(
    '--from takes an instant with its offset, such as 2026-12-01T00:00:00Z.',
  );
}

function linesOf(
  { version, effectiveAt, changes, replaces }: RatePublication,
  dryRun: boolean,
): string[] {
  const what = dryRun ? 'would be in force' : 'is in force';
  return [
    `Rate card ${version} ${what} for calls that begin from ${effectiveAt.toISOString()} on:`,
    ...changes.map((one) => `  ${one}`),
    ...replaces.map(
      (one) =>
        `  It takes the place of rate card ${one.version}, which was to begin ${one.effectiveAt.toISOString()}.`,
    ),
  ];
}

function linesOfMonth(month: string, models: readonly Reweighed[]): string[] {
  if (models.length === 0) return [`${month} has no calls that could be weighed again.`];
  const n = (units: number) => units.toLocaleString('en');
  return [
    `${month} under it:`,
    ...models.map(({ model, calls, recorded, weighed, refused }) => {
      const none = refused > 0 ? `; ${n(refused)} of these would have been refused` : '';
      return `  ${model ?? 'no model'}: ${n(calls)} calls, ${n(recorded)} units → ${n(weighed)}${none}`;
    }),
  ];
}
