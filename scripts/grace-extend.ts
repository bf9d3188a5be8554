import './operator/env-file.ts';
import { TENANT_ACT_FLAGS } from './operator/carry-out.ts';
import { runCommand } from './operator/command.ts';
import { actForTenant } from './operator/tenant-act.ts';
import { typedInstant } from './operator/typed.ts';

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
    const until = typedInstant('until', values.until);
    return actForTenant({ values, dryRun }, { act: 'extend_grace', until }, values.tenant);
  },
});
