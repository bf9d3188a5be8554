import './operator/env-file.ts';
import { CAP_MINOR_MAX } from '../src/domain/billing/overage.ts';
import { TENANT_ACT_FLAGS } from './operator/carry-out.ts';
import { CommandUsageError, runCommand } from './operator/command.ts';
import { typedMinor } from './operator/typed.ts';
import { actOnUsage } from './operator/usage-act.ts';

await runCommand({
  name: 'overage:trust',
  about:
    'Sets how much of overage a tenant may have used and not yet paid, whatever its own cap; by itself that grows with the bills it paid.',
  examples: [
    ['--tenant ID_OR_EMAIL --minor 100000 --reason "…"', 'up to 1,000.00 in its currency'],
    ['--tenant ID_OR_EMAIL --by-bills --reason "…"', 'by the bills it paid, as at first'],
  ],
  flags: {
    ...TENANT_ACT_FLAGS,
    minor: { type: 'string', value: 'N', about: 'the amount, in the currency’s smallest unit' },
    'by-bills': { type: 'boolean', about: 'takes back what an operator had set' },
  },
  writes: true,
  run: ({ values, dryRun }) => {
    const { minor } = values;
    if ((minor === undefined) !== (values['by-bills'] === true)) {
      throw new CommandUsageError('Give either --minor or --by-bills.');
    }
    const exposureMinor = typedMinor('minor', minor, { min: 0, max: CAP_MINOR_MAX }) ?? null;
    const wish = { act: 'trust_overage', exposureMinor } as const;
    return actOnUsage({ values, dryRun }, wish, values.tenant);
  },
});
