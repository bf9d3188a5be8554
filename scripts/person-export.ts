import { createWriteStream } from 'node:fs';
import { userInfo } from 'node:os';
import { pipeline } from 'node:stream/promises';
import './operator/env-file.ts';
import { exportData } from '../src/server/services/accounts/own/data-export.ts';
import { getAccount } from '../src/server/services/operators/find-tenant.ts';
import { OperatorLog } from '../src/server/services/operators/log.ts';
import { atCommandLine } from '../src/server/services/operators/operator-identity.ts';
import { REASON_FLAG } from './operator/carry-out.ts';
import { runCommand } from './operator/command.ts';
import { withUsage } from './operator/usage.ts';

await runCommand({
  name: 'person:export',
  about:
    'Writes all that is kept of a person to a file, as they can download it themselves: for who asks by letter.',
  examples: [['--email mei@example.com --to FILE --reason "…"', 'which must not be there yet']],
  flags: {
    email: { type: 'string', value: 'ADDRESS', about: 'whose', required: true },
    to: { type: 'string', value: 'FILE', about: 'where the JSON goes', required: true },
    reason: { ...REASON_FLAG, required: true },
    by: { type: 'string', value: 'NAME', about: 'who asks; else this machine’s user' },
  },
  async run({ values: { email, to, reason, by = userInfo().username } }) {
    return withUsage(async ({ database: { db }, clock, usage: { allowances } }) => {
      const account = await getAccount(db, email.trim());
      const { id } = account.user;
      const file = createWriteStream(to, { flags: 'wx', mode: 0o600 });
      await pipeline(exportData({ db, allowances }, account, clock.now()), file);
      const operator = atCommandLine(by, reason);
      await new OperatorLog({ db, clock }).viewed(operator, `person:export ${id}`);
      return {
        lines: [`All that is kept of ${email} is in ${to}.`],
        data: { userId: id, file: to },
      };
    });
  },
});
