import './operator/env-file.ts';
import { readPacksFile, readPlansFile } from '../src/db/catalogue/plans-file.ts';
import {
  foreseePacks,
  publishPacks,
  type PackPublication,
} from '../src/server/services/plans/publish-packs.ts';
import {
  foreseePlans,
  listUnderWay,
  publishPlans,
  type Publication,
} from '../src/server/services/plans/publish-plans.ts';
import { CommandUsageError, runCommand } from './operator/command.ts';
import { typedFile } from './operator/typed.ts';
import { withUsage } from './operator/usage.ts';

/** So many teams are named; `--json` has all. */
const NAMED = 20;

await runCommand({
  name: 'plans:publish',
  about:
    'Publishes what a file says the plans include and what packs of credits there are, as new versions of those that differ.',
  examples: [
    ['plans.yaml --dry-run', 'says what would change, and for how many teams'],
    ['plans.yaml', 'for everybody on free; on a paid plan for who buys by a new price'],
    [
      'plans.yaml --everyone',
      'also for those who are on a paid plan already, 30 days later if it gives them less',
    ],
  ],
  words: { name: 'FILE', max: 1 },
  flags: {
    everyone: {
      type: 'boolean',
      about:
        'also for those who are on a paid plan already; who gets less is told, and gets it 30 days later',
    },
  },
  writes: true,
  async run({ values: { everyone }, words, dryRun, progress }) {
    const [file] = words;
    if (file === undefined) throw new CommandUsageError('Name the file, as plans.yaml.');
    const drafts = typedFile(() => ({ plans: readPlansFile(file), packs: readPacksFile(file) }));
    const { underWay, published, packs } = await withUsage(async ({ database: { db }, clock }) => {
      const deps = { db, clock };
      const onProgress = (teams: number) => progress(`${teams} teams have theirs`);
      // Before it is published: what is announced by this very call says so itself.
      const underWay = await listUnderWay(deps.db, drafts.plans);
      return dryRun
        ? {
            underWay,
            published: await foreseePlans(deps, drafts.plans, { everyone }),
            packs: await foreseePacks(db, drafts.packs),
          }
        : {
            underWay,
            published: await publishPlans(deps, drafts.plans, { everyone, onProgress }),
            packs: await publishPacks(deps, drafts.packs),
          };
    });
    const lines = [
      ...underWay.map(
        ({ plan, version, effectiveAt }) =>
          `${plan} has version ${version}, which those who have the plan get on ${dayOf(effectiveAt)}; it is announced.`,
      ),
      ...published.flatMap((one) => linesOf(one, dryRun)),
      ...linesOfPacks(packs, dryRun),
    ];
    return {
      lines: lines.length > 0 ? lines : ['The plans are published as the file has them.'],
      data: { published, underWay, packs },
    };
  },
});

function linesOf(publication: Publication, dryRun: boolean) {
  const { plan, version, isNew, changes, isForAll, teams, keeping, effectiveAt, pending } =
    publication;
  const replaced =
    pending && `version ${pending.version}, which is announced for ${dayOf(pending.effectiveAt)}`;
  const who = effectiveAt
    ? `${teams} teams ${dryRun ? 'would get' : 'get'} it on ${dayOf(effectiveAt)}.`
    : isForAll
      ? `${teams} teams ${dryRun ? 'would get' : 'have'} it.`
      : `${keeping} teams keep the version that they bought; it is sold by prices that are new at Stripe. With --everyone all get it.`;
  return [
    headOf(plan, version, isNew, dryRun),
    ...changes.map((one) => `  ${one}`),
    `  ${who}`,
    ...touchedLines(publication, dryRun),
    ...(replaced
      ? [
          isForAll
            ? `  It takes the place of ${replaced}.`
            : `  Those who have the plan get ${replaced}, all the same.`,
        ]
      : []),
  ];
}

function headOf(plan: string, version: number, isNew: boolean, dryRun: boolean): string {
  if (!isNew)
    return `${plan} has version ${version} already, and all ${dryRun ? 'would get' : 'get'} it:`;
  return dryRun ? `${plan} would get version ${version}:` : `${plan} has version ${version} now:`;
}

function touchedLines({ touched }: Publication, dryRun: boolean): string[] {
  if (touched.length === 0) return [];
  const more = touched.length - NAMED;
  return [
    `  It gives less to ${touched.length} teams, or asks more of them; they ${dryRun ? 'would be' : 'are'} written to now:`,
    ...touched.slice(0, NAMED).map(({ id, name }) => `    ${id} ${name}`),
    ...(more > 0 ? [`    and ${more} more, whom --json names`] : []),
  ];
}

function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}

function linesOfPacks(packs: PackPublication[], dryRun: boolean): string[] {
  if (packs.length === 0) return [];
  const verb = dryRun ? 'would get' : 'has';
  const lines = packs.map(
    ({ id, version, change }) => `The pack ${id} ${verb} version ${version}: ${change}.`,
  );
  return [...lines, 'npm run stripe:setup makes the prices that sell them.'];
}
