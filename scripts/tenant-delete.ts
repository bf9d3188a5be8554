import './operator/env-file.ts';
import { TENANT_ACT_FLAGS } from './operator/carry-out.ts';
import { runCommand } from './operator/command.ts';
import { actForTenant } from './operator/tenant-act.ts';

await runCommand({
  name: 'tenant:delete',
  about:
    'Deletes a tenant, as its owner would: overage is billed, subscriptions end, open invoices are voided, people are erased.',
  examples: [
    [
      '--tenant ID_OR_EMAIL --confirm NAME --reason "…" --dry-run',
      'says what becomes of its money, people and credits',
    ],
    ['--tenant ID_OR_EMAIL --confirm NAME --reason "…"', 'deletes it; nothing brings it back'],
  ],
  flags: {
    ...TENANT_ACT_FLAGS,
    confirm: { type: 'string', value: 'NAME', about: 'its exact name', required: true },
  },
  writes: true,
  run: ({ values, dryRun }) =>
    actForTenant(
      { values, dryRun },
      { act: 'delete_tenant', confirm: values.confirm },
      values.tenant,
    ),
});
