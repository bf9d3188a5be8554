import './operator/env-file.ts';
import { TENANT_ACT_FLAGS } from './operator/carry-out.ts';
import { CommandUsageError, runCommand } from './operator/command.ts';
import { actForTenant } from './operator/tenant-act.ts';

await runCommand({
  name: 'grace:extend',
  about:
    'Gives a tenant that is past due longer to pay: its plan stays until then, 30 days from now at most, for the invoice that is unpaid now.',
  examples: [
    ['--tenant ID_OR_EMAIL --until 2026-12-24 --reason "…" --dry-run', 'says when grace ends now'],
    ['--tenant ID_OR_EMAIL --until 2026-12-24 --reason "…"', 'until that day begins (UTC)'],
  ],
  flags: {
    ...TENANT_ACT_FLAGS,
    until: { type: 'string', value: 'DATE', about: 'YYYY-MM-DD, or an instant', required: true },
  },
  writes: true,
  run: ({ values, dryRun }) => {
    const until = new Date(values.until);
    if (!/^\d{4}-\d\d-\d\d(T[\d:.]+Z)?$/.test(values.until) || Number.isNaN(until.getTime())) {
      throw new CommandUsageError(
        '--until takes a day, as 2026-12-24, or an instant, as 2026-12-24T18:00Z.',
      );
    }
    return actForTenant({ values, dryRun }, { act: 'extend_grace', until }, values.tenant);
  },
});
