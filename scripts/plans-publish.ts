import './operator/env-file.ts';
import { errorText } from '../src/server/error-text.ts';
import { readPacksFile, readPlansFile } from '../src/db/catalogue/plans-file.ts';
import {
  foreseePacks,
  publishPacks,
  type PackPublication,
} from '../src/server/services/plans/publish-packs.ts';
import {
  foreseePlans,
  publishPlans,
  type Publication,
} from '../src/server/services/plans/publish-plans.ts';
import { systemClock } from '../src/server/clock.ts';
import { readFileError } from './operator/file-error.ts';
import { CommandUsageError, runCommand } from './operator/command.ts';
import { withUsage } from './operator/usage.ts';

await runCommand({
  name: 'plans:publish',
  about:
    'Publishes what a file says the plans include and what packs of credits there are, as new versions of those that differ.',
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
    if (file === undefined) throw new CommandUsageError('Name the file, as plans.yaml.');
    const drafts = readDrafts(file);
    const { published, packs } = await withUsage(async ({ database: { db } }) => {
      const deps = { db, clock: systemClock };
      const onProgress = (teams: number) => progress(`${teams} teams have theirs`);
      return dryRun
        ? {
            published: await foreseePlans(db, drafts.plans, { everyone }),
            packs: await foreseePacks(db, drafts.packs),
          }
        : {
            published: await publishPlans(deps, drafts.plans, { everyone, onProgress }),
            packs: await publishPacks(deps, drafts.packs),
          };
    });
    const lines = [
      ...published.flatMap((one) => linesOf(one, dryRun)),
      ...linesOfPacks(packs, dryRun),
    ];
    return {
      lines: lines.length > 0 ? lines : ['The plans are published as the file has them.'],
      data: { published, packs },
    };
  },
});

function readDrafts(file: string) {
  try {
    return { plans: readPlansFile(file), packs: readPacksFile(file) };
  } catch (error) {
    throw new CommandUsageError(readFileError(error) ?? errorText(error));
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

function linesOfPacks(packs: PackPublication[], dryRun: boolean): string[] {
  if (packs.length === 0) return [];
  const verb = dryRun ? 'would get' : 'has';
  const lines = packs.map(
    ({ id, version, change }) => `The pack ${id} ${verb} version ${version}: ${change}.`,
  );
  return [...lines, 'npm run stripe:setup makes the prices that sell them.'];
}
