import './operator/env-file.ts';
import { TENANT_ACT_FLAGS } from './operator/carry-out.ts';
import { CommandUsageError, runCommand } from './operator/command.ts';
import { actForTenant } from './operator/tenant-act.ts';

await runCommand({
  name: 'subscription:end',
  about:
    'Ends every subscription of a tenant, as its owner would: one that is not paid up ends at once.',
  examples: [
    ['--tenant ID_OR_EMAIL --when period_end --reason "…" --dry-run', 'says when each would end'],
    ['--tenant ID_OR_EMAIL --when period_end --reason "…"', 'at the end of what is paid'],
    ['--tenant ID_OR_EMAIL --when now --reason "…"', 'at once; nothing is given back'],
  ],
  flags: {
    ...TENANT_ACT_FLAGS,
    when: { type: 'string', value: 'WHEN', about: 'now or period_end', required: true },
  },
  writes: true,
  run: ({ values, dryRun }) => {
    const { tenant, when } = values;
    if (when !== 'now' && when !== 'period_end') {
      throw new CommandUsageError('--when takes now or period_end.');
    }
    return actForTenant({ values, dryRun }, { act: 'end_subscription', when }, tenant);
  },
});
