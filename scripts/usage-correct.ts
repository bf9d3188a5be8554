import './operator/env-file.ts';
import { TENANT_ACT_FLAGS } from './operator/carry-out.ts';
import { CommandUsageError, runCommand } from './operator/command.ts';
import {
  RESOURCE_FLAG,
  typedInstant,
  typedPeriod,
  typedResource,
  typedRow,
  typedUnits,
} from './operator/typed.ts';
import { actOnUsage } from './operator/usage-act.ts';

await runCommand({
  name: 'usage:correct',
  about:
    'Takes usage off a tenant, or adds it, by a row of the ledger with its reason and who gave it.',
  examples: [
    ['--tenant ID_OR_EMAIL --resource messages --amount=-5 --reason "…"', 'takes five off'],
    ['--tenant ID_OR_EMAIL --resource messages --reset --reason "…"', 'takes all of it off'],
    ['--tenant ID_OR_EMAIL --row ID --reason "…" --dry-run', 'says which credits would get what'],
    ['--tenant ID_OR_EMAIL --row ID --reason "…"', 'takes that row back, once'],
  ],
  flags: {
    ...TENANT_ACT_FLAGS,
    resource: { type: 'string', value: 'NAME', about: RESOURCE_FLAG.resource.about },
    amount: { type: 'string', value: 'N', about: 'units to add; with a minus, to take off' },
    reset: { type: 'boolean', about: 'takes all of it off' },
    period: { type: 'string', value: 'YYYY-MM', about: 'another month than the present one' },
    row: { type: 'string', value: 'ID', about: 'takes this row of the ledger back, all of it' },
    'extend-to': {
      ...{ type: 'string', value: 'DATE', with: 'row' },
      about: 'with --row: credits that have ended are usable until then; else they lapse',
    },
  },
  writes: true,
  run: ({ values, dryRun }) => {
    const { tenant, amount: typed, reset, row, resource } = values;
    const ways = [typed !== undefined, reset, row !== undefined].filter(Boolean);
    if (ways.length !== 1) {
      throw new CommandUsageError('Say either an amount or --reset, or --row.');
    }
    const extendTo = typedInstant('extend-to', values['extend-to']);
    if (row !== undefined) {
      if (resource !== undefined || values.period !== undefined) {
        throw new CommandUsageError('A row is of one resource and month: leave these out.');
      }
      const wish = { act: 'reverse_usage', row: typedRow('row', row), extendTo } as const;
      return actOnUsage({ values, dryRun }, wish, tenant);
    }
    if (resource === undefined) throw new CommandUsageError('Say --resource NAME.');
    const period = typedPeriod(values.period);
    const resourceType = typedResource(resource);
    const amount = typed === undefined ? null : typedUnits('amount', typed);
    const wish = { act: 'correct_usage', resourceType, amount, period } as const;
    return actOnUsage({ values, dryRun }, wish, tenant);
  },
});
