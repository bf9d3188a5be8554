import './operator/env-file.ts';
import { TENANT_ACT_FLAGS } from './operator/carry-out.ts';
import { runCommand } from './operator/command.ts';
import { actForTenant } from './operator/tenant-act.ts';
import { typedMinor } from './operator/typed.ts';

await runCommand({
  name: 'invoice:refund',
  about:
    'Gives a paid invoice back, all that is left of it or a sum, once a ref. The subscription stays as it is; packs are given back by credits:refund.',
  examples: [
    [
      '--tenant ID_OR_EMAIL --invoice NUMBER --ref TICKET-12 --reason "…" --dry-run',
      'says what was paid, and what can go back',
    ],
    ['--tenant ID_OR_EMAIL --invoice NUMBER --ref TICKET-12 --reason "…"', 'gives all of it back'],
    [
      '--tenant ID_OR_EMAIL --invoice in_… --amount-minor 300 --ref TICKET-12 --reason "…"',
      'gives 3.00 back',
    ],
  ],
  flags: {
    ...TENANT_ACT_FLAGS,
    invoice: { type: 'string', value: 'NUMBER', about: 'or its id, in_…', required: true },
    ref: {
      type: 'string',
      value: 'TEXT',
      about: 'what for, as a ticket: a second time nothing is given',
      required: true,
    },
    'amount-minor': { type: 'string', value: 'N', about: 'a sum in the currency’s smallest unit' },
  },
  writes: true,
  run: ({ values, dryRun }) => {
    const { tenant, invoice, ref } = values;
    const amountMinor = typedMinor('amount-minor', values['amount-minor']);
    const wish = { act: 'refund_invoice', invoice, ref, amountMinor } as const;
    return actForTenant({ values, dryRun }, wish, tenant);
  },
});
