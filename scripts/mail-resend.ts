import './operator/env-file.ts';
import { findMail } from '../src/db/repositories/mail-outbox.repository.ts';
import { isUuid } from '../src/domain/ids.ts';
import { ACT_FLAGS } from './operator/carry-out.ts';
import { runCommand } from './operator/command.ts';
import { actForTenant } from './operator/tenant-act.ts';

await runCommand({
  name: 'mail:resend',
  about: 'Sends a mail once more, as it was: one that was sent, or was given up.',
  examples: [
    ['--mail ID --reason "…" --dry-run', 'says which mail that is, and to whom'],
    ['--mail ID --reason "…"', 'sends it'],
  ],
  flags: {
    mail: {
      type: 'string',
      value: 'ID',
      about: 'of the table mail_outbox; the tenant’s timeline has it',
      required: true,
    },
    ...ACT_FLAGS,
  },
  writes: true,
  run: ({ values, dryRun }) =>
    actForTenant(
      { values, dryRun },
      { act: 'resend_mail', mailId: values.mail },
      async ({ database: { db } }) => {
        const { mail: id } = values;
        const tenantId = isUuid(id) ? (await findMail(db, id))?.tenantId : undefined;
        if (tenantId) return tenantId;
        throw new Error(`There is no mail "${id}" to a tenant.`);
      },
    ),
});
