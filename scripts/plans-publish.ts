import './operator/env-file.ts';
import { readPlansFile } from '../src/db/plans-file.ts';
import {
  foreseePlans,
  publishPlans,
  type Publication,
} from '../src/server/services/plans/publish-plans.ts';
import { systemClock } from '../src/server/clock.ts';
import { Mistyped, runCommand } from './operator/command.ts';
import { withUsage } from './operator/usage.ts';

await runCommand({
  name: 'plans:publish',
  about: 'Publishes what a file says the plans include, as new versions of those that differ.',
  examples: [
    ['plans.yaml --dry-run', 'says what would change, and for how many teams'],
    ['plans.yaml', 'for everybody on free; on a paid plan for who buys by a new price'],
    ['plans.yaml --everyone', 'also for those who are on a paid plan already'],
  ],
  words: { name: 'FILE', max: 1 },
  flags: {
    everyone: { type: 'boolean', about: 'also for those who are on a paid plan already' },
  },
  writes: true,
  async run({ values: { everyone }, words, dryRun, progress }) {
    const [file] = words;
    if (file === undefined) throw new Mistyped('Name the file, as plans.yaml.');
    const drafts = readDrafts(file);
    const published = await withUsage(({ database: { db } }) =>
      dryRun
        ? foreseePlans(db, drafts, { everyone })
        : publishPlans({ db, clock: systemClock }, drafts, {
            everyone,
            onProgress: (teams) => progress(`${teams} teams have theirs`),
          }),
    );
    const lines = published.flatMap((one) => linesOf(one, dryRun));
    return {
      lines: lines.length > 0 ? lines : ['The plans are published as the file has them.'],
      data: { published },
    };
  },
});

function readDrafts(file: string) {
  try {
    return readPlansFile(file);
  } catch (error) {
    throw new Mistyped(error instanceof Error ? error.message : String(error));
  }
}

function linesOf({ plan, version, changes, teams, keeping }: Publication, dryRun: boolean) {
  const head = dryRun
    ? `${plan} would get version ${version}:`
    : `${plan} has version ${version} now:`;
  const who =
    keeping === 0
      ? `${teams} teams ${dryRun ? 'would get' : 'have'} it.`
      : `${keeping} teams keep the version that they bought; it is sold by prices that are new at Stripe. With --everyone all get it.`;
  return [head, ...changes.map((one) => `  ${one}`), `  ${who}`];
}
