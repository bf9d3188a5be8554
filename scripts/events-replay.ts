import './operator/env-file.ts';
import { openBilling } from './operator/billing.ts';
import { runCommand } from './operator/command.ts';

await runCommand({
  name: 'events:replay',
  about: 'Works on events again: those that were given up, or those that are named.',
  examples: [
    ['', 'all that were given up'],
    ['evt_1 evt_2', 'these two, whatever became of them'],
    ['--dry-run', 'lists which those are'],
  ],
  words: { name: 'evt_… (any number of events)', max: 1_000 },
  writes: true,
  async run({ words, dryRun }) {
    const billing = await openBilling({ works: !dryRun });
    try {
      const ids = words.length > 0 ? words : undefined;
      if (dryRun) {
        const found = await billing.events.listReplayable(ids);
        return {
          lines: [
            ...found.map(({ id, type }) => `${id} ${type}`),
            `${found.length} would be replayed.`,
          ],
          data: { wouldReplay: found },
        };
      }
      const outcomes = await billing.events.replay(ids);
      const failed = outcomes.filter((one) => one.error !== null).length;
      return {
        lines: [
          ...outcomes.map(({ id, error }) => (error ? `${id}: ${error}` : `${id}: done`)),
          `${outcomes.length - failed} handled, ${failed} failed.`,
        ],
        data: { outcomes },
        needsPerson: failed > 0,
      };
    } finally {
      await billing.close();
    }
  },
});
