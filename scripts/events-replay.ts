import { userInfo } from 'node:os';
import './operator/env-file.ts';
import { OperatorInbox } from '../src/server/services/operators/inbox.ts';
import { OperatorLog } from '../src/server/services/operators/log.ts';
import { atCommandLine } from '../src/server/services/operators/operator-identity.ts';
import { openBilling } from './operator/billing.ts';
import { REASON_FLAG } from './operator/carry-out.ts';
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
  flags: {
    reason: { ...REASON_FLAG, about: 'stays in the audit log; else "by command"' },
    by: { type: 'string', value: 'NAME', about: 'who does it; else this machine’s user' },
  },
  writes: true,
  async run({ values: { reason = 'by command', by = userInfo().username }, words, dryRun }) {
    const billing = await openBilling({ works: !dryRun });
    try {
      const { database, clock, events: stripeEvents } = billing;
      const { db } = database;
      const inbox = new OperatorInbox({
        ...{ db, clock, stripeEvents },
        log: new OperatorLog({ db, clock }),
      });
      const asked = { operator: atCommandLine(by, reason), reason, dryRun };
      const { events } = await inbox.replay(asked, words.length > 0 ? words : undefined);
      const failed = events.filter((one) => one.error !== null).length;
      if (dryRun) {
        return {
          lines: [
            ...events.map(({ id, error }) => (error ? `${id}: ${error}` : id)),
            `${events.length - failed} would be replayed.`,
          ],
          data: { wouldReplay: events },
          needsPerson: failed > 0,
        };
      }
      return {
        lines: [
          ...events.map(({ id, error }) => (error ? `${id}: ${error}` : `${id}: done`)),
          `${events.length - failed} handled, ${failed} failed.`,
        ],
        data: { outcomes: events },
        needsPerson: failed > 0,
      };
    } finally {
      await billing.close();
    }
  },
});
