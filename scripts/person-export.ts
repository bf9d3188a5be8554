import { userInfo } from 'node:os';
import './operator/env-file.ts';
import { createDurably } from '../src/db/durable-file.ts';
import { BillingError } from '../src/domain/errors.ts';
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
      const written = exportData({ db, allowances }, account, clock.now());
      if (!(await createDurably(to, written, { mode: 0o600 }))) {
        throw new BillingError(
          'invalid_request',
          `${to} is there already, and nothing is written over.`,
        );
      }
      const operator = atCommandLine(by, reason);
      await new OperatorLog({ db, clock }).viewed(operator, `person:export ${id}`);
      return {
        lines: [`All that is kept of ${email} is in ${to}.`],
        data: { userId: id, file: to },
      };
    });
  },
});
