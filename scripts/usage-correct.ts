import './operator/env-file.ts';
import { TENANT_ACT_FLAGS } from './operator/carry-out.ts';
import { CommandUsageError, runCommand } from './operator/command.ts';
import { RESOURCE_FLAG, typedPeriod, typedResource, typedUnits } from './operator/typed.ts';
import { actOnUsage } from './operator/usage-act.ts';

await runCommand({
  name: 'usage:correct',
  about:
    'Takes usage off a tenant, or adds it, by a row of the ledger with its reason and who gave it.',
  examples: [
    ['--tenant ID_OR_EMAIL --resource messages --amount=-5 --reason "…"', 'takes five off'],
    ['--tenant ID_OR_EMAIL --resource messages --reset --reason "…"', 'takes all of it off'],
  ],
  flags: {
    ...TENANT_ACT_FLAGS,
    ...RESOURCE_FLAG,
    amount: { type: 'string', value: 'N', about: 'units to add; with a minus, to take off' },
    reset: { type: 'boolean', about: 'takes all of it off' },
    period: { type: 'string', value: 'YYYY-MM', about: 'another month than the present one' },
  },
  writes: true,
  run: ({ values, dryRun }) => {
    const { tenant, amount: typed, reset } = values;
    const period = typedPeriod(values.period);
    const resourceType = typedResource(values.resource);
    if (reset === (typed !== undefined))
      throw new CommandUsageError('Say either an amount or --reset.');
    const amount = typed === undefined ? null : typedUnits('amount', typed);
    const wish = { act: 'correct_usage', resourceType, amount, period } as const;
    return actOnUsage({ values, dryRun }, wish, tenant);
  },
});
