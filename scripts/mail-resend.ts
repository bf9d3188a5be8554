import './operator/env-file.ts';
import { findMail } from '../src/db/repositories/mail-outbox.repository.ts';
import { ACT_FLAGS } from './operator/carry-out.ts';
import { runCommand } from './operator/command.ts';
import { actForTenant } from './operator/tenant-act.ts';
import { typedId } from './operator/typed.ts';

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
  run: ({ values, dryRun }) => {
    const mailId = typedId('mail', values.mail);
    const wish = { act: 'resend_mail', mailId } as const;
    return actForTenant({ values, dryRun }, wish, async ({ database: { db } }) => {
      const tenantId = (await findMail(db, mailId))?.tenantId;
      if (tenantId) return tenantId;
      throw new Error(`There is no mail "${mailId}" to a tenant.`);
    });
  },
});
