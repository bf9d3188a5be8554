import './operator/env-file.ts';
import { GIVEN_KINDS } from '../src/domain/billing/usage/allowance.ts';
import { TENANT_ACT_FLAGS } from './operator/carry-out.ts';
import { CommandUsageError, runCommand } from './operator/command.ts';
import { RESOURCE_FLAG, typedPeriod, typedResource, typedUnits } from './operator/typed.ts';
import { actOnUsage } from './operator/usage-act.ts';

await runCommand({
  name: 'allowance:add',
  about:
    'Adds to one month’s quota of a tenant, or takes off it, once a ref, with a reason that stays.',
  examples: [
    [
      '--tenant ID_OR_EMAIL --resource messages --units 500 --kind goodwill --ref TICKET-12 --reason "…"',
      'gives 500 this month',
    ],
    [
      '--tenant ID_OR_EMAIL --resource images --units=-20 --kind override --ref TICKET-13 --reason "…"',
      'takes 20 off',
    ],
  ],
  flags: {
    ...TENANT_ACT_FLAGS,
    ...RESOURCE_FLAG,
    units: {
      type: 'string',
      value: 'N',
      about: 'how many to add; with a minus, to take off',
      required: true,
    },
    kind: { type: 'string', value: 'NAME', about: GIVEN_KINDS.join(', '), required: true },
    ref: {
      type: 'string',
      value: 'TEXT',
      about: 'what for, as a ticket: a second time nothing is added',
      required: true,
    },
    period: { type: 'string', value: 'YYYY-MM', about: 'a month to come; else the present one' },
  },
  writes: true,
  run: ({ values, dryRun }) => {
    const { tenant, ref } = values;
    const period = typedPeriod(values.period);
    const resourceType = typedResource(values.resource);
    const kind = GIVEN_KINDS.find((one) => one === values.kind);
    if (kind === undefined) {
      throw new CommandUsageError(
        `There is no kind "${values.kind}"; there are ${GIVEN_KINDS.join(', ')}.`,
      );
    }
    const units = typedUnits('units', values.units);
    const wish = { act: 'add_allowance', resourceType, units, kind, ref, period } as const;
    return actOnUsage({ values, dryRun }, wish, tenant);
  },
});
