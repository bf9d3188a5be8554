import { parseArgs } from 'node:util';
import './operator/env-file.ts';
import { parsePeriod } from '../src/domain/period.ts';
import { runCommand } from './operator/command.ts';
import { withUsage } from './operator/usage.ts';

const USAGE =
  'npm run usage:archive -- YYYY-MM [--to FOLDER]        writes a past month to a compressed CSV\n' +
  'npm run usage:archive -- YYYY-MM --restore [--from FILE]   brings it back';

/** Moves a month of the ledger into a file with a checksum, or back; the counters stay. */
await runCommand(USAGE, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      to: { type: 'string' },
      restore: { type: 'boolean', default: false },
      from: { type: 'string' },
    },
  });
  const period = parsePeriod(positionals[0] ?? '');
  if (positionals.length !== 1 || period === undefined) {
    console.error(USAGE);
    return false;
  }
  const done = await withUsage(({ verification, archiveFolder }) =>
    values.restore
      ? verification.restore(period, values.from)
      : verification.archive(period, values.to ?? archiveFolder),
  );
  console.log(
    `${done.rows} rows of ${done.period} ${values.restore ? 'came from' : 'are in'} ${done.file}`,
  );
  console.log(`sha256 ${done.sha256}`);
  return true;
});
