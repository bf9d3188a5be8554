import { userInfo } from 'node:os';
import './operator/env-file.ts';
import { formatMoney } from '../src/domain/money.ts';
import type { OverageView } from '../src/domain/billing/overage.ts';
import { Mistyped, runCommand } from './operator/command.ts';
import { tenantIdOf } from './operator/tenant.ts';
import { withUsage } from './operator/usage.ts';

await runCommand({
  name: 'overage:trust',
  about:
    'Sets how much of overage a tenant may have used and not yet paid, whatever its own cap; by itself that grows with the bills it paid.',
  examples: [
    ['--tenant ID_OR_EMAIL --minor 100000 --reason "…"', 'up to 1,000.00 in its currency'],
    ['--tenant ID_OR_EMAIL --by-bills --reason "…"', 'by the bills it paid, as at first'],
  ],
  flags: {
    tenant: { type: 'string', value: 'ID_OR_EMAIL', about: 'whose overage', required: true },
    minor: { type: 'string', value: 'N', about: 'the amount, in the currency’s smallest unit' },
    'by-bills': { type: 'boolean', about: 'takes back what an operator had set' },
    reason: { type: 'string', value: 'TEXT', about: 'stays in the audit log', required: true },
    by: { type: 'string', value: 'NAME', about: 'who does it; else this machine’s user' },
  },
  writes: true,
  async run({ values, dryRun }) {
    const { minor, reason, by = userInfo().username } = values;
    if ((minor === undefined) !== (values['by-bills'] === true)) {
      throw new Mistyped('Give either --minor or --by-bills.');
    }
    if (minor !== undefined && !/^\d{1,15}$/.test(minor)) {
      throw new Mistyped('--minor takes a whole number, as 50000 for 500.00.');
    }
    return withUsage(async (operator) => {
      const { credits } = operator.usage;
      const tenantId = await tenantIdOf(operator, values.tenant);
      const { overage } = dryRun
        ? await credits.readLimits(tenantId)
        : { overage: await setIt(tenantId) };
      return { lines: [sentence(overage)], data: { tenantId, overage } };

      function setIt(id: string) {
        const exposureMinor = minor === undefined ? null : Number(minor);
        const actor = { kind: 'service', name: by } as const;
        return credits.setExposure({ tenantId: id, exposureMinor, actor, reason });
      }
    });
  },
});

function sentence({ exposureMinor, unpaidMinor, currency }: OverageView): string {
  if (exposureMinor === null || currency === null) return 'It has never agreed to overage.';
  const [most, unpaid] = [exposureMinor, unpaidMinor].map((amountMinor) =>
    formatMoney({ amountMinor, currency }, 'en'),
  );
  return `${most} may be used and not yet paid; ${unpaid} is.`;
}
