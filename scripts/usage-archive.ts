import './operator/env-file.ts';
import { parsePeriod } from '../src/domain/period.ts';
import { CommandUsageError, runCommand } from './operator/command.ts';
import { withUsage } from './operator/usage.ts';

await runCommand({
  name: 'usage:archive',
  about:
    'Moves a past month of the ledger into a file with a checksum, or back; the counters stay.',
  examples: [
    ['2026-01', 'writes it to a compressed CSV'],
    ['2026-01 --to FOLDER', 'there'],
    ['2026-01 --restore', 'brings it back'],
    ['2026-01 --restore --from FILE', 'from there'],
  ],
  flags: {
    to: { type: 'string', value: 'FOLDER', about: 'where the file goes; else DATA_DIR/archive' },
    restore: { type: 'boolean', about: 'brings the month back' },
    from: {
      ...{ type: 'string', value: 'FILE', with: 'restore' },
      about: 'where it is; else where it was written to',
    },
  },
  words: { name: 'YYYY-MM (the month)', max: 1 },
  writes: true,
  async run({ values, words, dryRun }) {
    const period = parsePeriod(words[0] ?? '');
    if (period === undefined) throw new CommandUsageError('Name the month as YYYY-MM.');
    if (values.restore && values.to !== undefined) {
      throw new CommandUsageError('--to is where a month goes; --restore takes --from FILE.');
    }
    if (dryRun) {
      const what = await withUsage(async ({ verification, archiveFolder }) => {
        if (values.restore) {
          return `come back to the ledger from ${await verification.planRestore(period, values.from)}`;
        }
        await verification.planArchive(period);
        return `leave the ledger for a file in ${values.to ?? archiveFolder}`;
      });
      return { lines: [`${period} would ${what}.`], data: { period, restore: values.restore } };
    }
    const done = await withUsage(({ verification, archiveFolder }) =>
      values.restore
        ? verification.restore(period, values.from)
        : verification.archive(period, values.to ?? archiveFolder),
    );
    const where = values.restore ? 'came from' : 'are in';
    return {
      lines: [`${done.rows} rows of ${done.period} ${where} ${done.file}`, `sha256 ${done.sha256}`],
      data: { ...done },
    };
  },
});
