import './operator/env-file.ts';
import { TENANT_ACT_FLAGS } from './operator/carry-out.ts';
import { runCommand } from './operator/command.ts';
import { typedCredits, typedWhole } from './operator/typed.ts';
import { actOnUsage } from './operator/usage-act.ts';

const DAYS_MAX = 3_650;

await runCommand({
  name: 'credits:grant',
  about: 'Gives a tenant credits for use beyond its quota, once a ref, with a reason that stays.',
  examples: [
    ['--tenant ID_OR_EMAIL --credits 50 --days 90 --ref TICKET-12 --reason "…"', 'gives fifty'],
  ],
  flags: {
    ...TENANT_ACT_FLAGS,
    credits: { type: 'string', value: 'N', about: 'how many, as 5 or 0.25', required: true },
    days: { type: 'string', value: 'N', about: 'how long they can be used', required: true },
    ref: {
      type: 'string',
      value: 'TEXT',
      about: 'what for, as a ticket: a second time nothing is given',
      required: true,
    },
    promotion: { type: 'boolean', about: 'is a promotion; else goodwill' },
  },
  writes: true,
  run: ({ values, dryRun }) => {
    const credits = typedCredits(values.credits);
    const days = typedWhole('days', values.days, { min: 1, max: DAYS_MAX });
    const wish = {
      ...({ act: 'grant_credits', credits, days, ref: values.ref } as const),
      isPromotion: values.promotion,
    };
    return actOnUsage({ values, dryRun }, wish, values.tenant);
  },
});
