import { userInfo } from 'node:os';
import './operator/env-file.ts';
import { listAllOpenAlerts } from '../src/db/repositories/operators/alerts.repository.ts';
import { previewResolve, resolveByHand } from '../src/server/services/operators/inbox.ts';
import { OperatorLog } from '../src/server/services/operators/log.ts';
import { atCommandLine } from '../src/server/services/operators/operator-identity.ts';
import { REASON_FLAG } from './operator/carry-out.ts';
import { CommandUsageError, runCommand } from './operator/command.ts';
import { typedId } from './operator/typed.ts';
import { withUsage } from './operator/usage.ts';

await runCommand({
  name: 'alert:resolve',
  about: 'Closes an alert by hand: somebody looked. What is still so raises it again.',
  examples: [
    ['', 'lists all open ones, the newest first'],
    ['--alert ID --reason "…"', 'closes one'],
  ],
  flags: {
    alert: { type: 'string', value: 'ID', about: 'which; without it, they are listed' },
    reason: { ...REASON_FLAG, with: 'alert' },
    by: {
      ...{ type: 'string', value: 'NAME', with: 'alert' },
      about: 'who closes it; else this machine’s user',
    },
  },
  writes: true,
  async run({ values: { alert: id, reason, by = userInfo().username }, dryRun }) {
    if (id !== undefined) typedId('alert', id);
    if (id !== undefined && !reason) throw new CommandUsageError('Say --reason TEXT.');
    return withUsage(async ({ database: { db }, clock }) => {
      if (id === undefined || !reason) {
        const open = await listAllOpenAlerts(db);
        const lines = open.flatMap(({ id, kind, subjectId, message, details }) => {
          const facts = JSON.stringify(details);
          const line = `${id} ${kind} ${subjectId}: ${message}`;
          return facts === '{}' ? [line] : [line, `  ${facts}`];
        });
        return { lines: lines.length > 0 ? lines : ['No alert is open.'], data: { open } };
      }
      if (dryRun) {
        const alert = await previewResolve(db, id);
        return { lines: [`It would be closed: ${alert.message}`], data: { alert } };
      }
      const deps = { db, clock, log: new OperatorLog({ db, clock }) };
      const alert = await resolveByHand(deps, { operator: atCommandLine(by, reason), reason }, id);
      return { lines: [`Closed: ${alert.message}`], data: { alert } };
    });
  },
});
