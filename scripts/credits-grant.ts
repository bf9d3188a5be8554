import { userInfo } from 'node:os';
import './operator/env-file.ts';
import { Mistyped, runCommand } from './operator/command.ts';
import { creditsOf, microOf } from './operator/credits.ts';
import { tenantIdOf } from './operator/tenant.ts';
import { withUsage } from './operator/usage.ts';

const DAYS_MAX = 3_650;

await runCommand({
  name: 'credits:grant',
  about: 'Gives a tenant credits for use beyond its quota, once a ref, with a reason that stays.',
  examples: [
    ['--tenant ID_OR_EMAIL --credits 50 --days 90 --ref TICKET-12 --reason "…"', 'gives fifty'],
  ],
  flags: {
    tenant: { type: 'string', value: 'ID_OR_EMAIL', about: 'who gets them', required: true },
    credits: { type: 'string', value: 'N', about: 'how many, as 5 or 0.25', required: true },
    days: { type: 'string', value: 'N', about: 'how long they can be used', required: true },
    ref: {
      type: 'string',
      value: 'TEXT',
      about: 'what for, as a ticket: a second time nothing is given',
      required: true,
    },
    reason: { type: 'string', value: 'TEXT', about: 'stays in the audit log', required: true },
    promotion: { type: 'boolean', about: 'is a promotion; else goodwill' },
    by: { type: 'string', value: 'NAME', about: 'who gives; else this machine’s user' },
  },
  writes: true,
  async run({ values, dryRun }) {
    const amountMicro = microOf(values.credits);
    const days = Number(values.days);
    if (!/^\d+$/.test(values.days) || days < 1 || days > DAYS_MAX) {
      throw new Mistyped(`--days takes whole days from 1 to ${DAYS_MAX}.`);
    }
    return withUsage(async (operator) => {
      const { usage, clock } = operator;
      const tenantId = await tenantIdOf(operator, values.tenant);
      const { balance } = await usage.credits.read(tenantId);
      if (dryRun) {
        return {
          lines: [
            `${creditsOf(balance)} credits are there; ${creditsOf(amountMicro)} more would be given, unless "${values.ref}" was before.`,
          ],
          data: { tenantId, balance, amountMicro },
        };
      }
      const { grant, isNew } = await usage.credits.grant({
        ...{ tenantId, amountMicro, reason: values.reason, originRef: values.ref },
        origin: values.promotion ? 'promotion' : 'goodwill',
        expiresAt: new Date(clock.now().getTime() + days * 86_400_000),
        actor: { kind: 'service', name: values.by ?? userInfo().username },
      });
      const until = grant.expiresAt.toISOString();
      const said = `${creditsOf(grant.amountMicro)} credits until ${until}`;
      return {
        lines: [isNew ? `Given: ${said}.` : `"${values.ref}" was given before: ${said}.`],
        data: { tenantId, grant, isNew },
      };
    });
  },
});
