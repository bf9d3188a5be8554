import { userInfo } from 'node:os';
import './operator/env-file.ts';
import { isUuid } from '../src/domain/ids.ts';
import { Mistyped, runCommand } from './operator/command.ts';
import { creditsOf, microOf } from './operator/credits.ts';
import { tenantIdOf } from './operator/tenant.ts';
import { withUsage } from './operator/usage.ts';

await runCommand({
  name: 'credits:revoke',
  about: 'Takes back what is left of a grant of credits; what was used stays used.',
  examples: [
    ['--tenant ID_OR_EMAIL', 'lists the grants'],
    ['--tenant ID_OR_EMAIL --grant ID --ref TICKET-12 --reason "…"', 'takes all that is left'],
    ['--tenant ID_OR_EMAIL --grant ID --credits 5 --ref … --reason "…"', 'takes five at most'],
  ],
  flags: {
    tenant: { type: 'string', value: 'ID_OR_EMAIL', about: 'whose', required: true },
    grant: { type: 'string', value: 'ID', about: 'which grant' },
    credits: { type: 'string', value: 'N', about: 'how many at most; else all' },
    ref: { type: 'string', value: 'TEXT', about: 'what for: a second time nothing is taken' },
    reason: { type: 'string', value: 'TEXT', about: 'stays in the audit log' },
    by: { type: 'string', value: 'NAME', about: 'who takes; else this machine’s user' },
  },
  writes: true,
  async run({ values, dryRun }) {
    const { grant: grantId, ref, reason } = values;
    const micro = values.credits === undefined ? undefined : microOf(values.credits);
    if (grantId !== undefined && !isUuid(grantId)) throw new Mistyped(`"${grantId}" is no id.`);
    return withUsage(async (operator) => {
      const tenantId = await tenantIdOf(operator, values.tenant);
      const { grants } = await operator.usage.credits.read(tenantId);
      if (grantId === undefined) {
        return {
          lines:
            grants.length === 0
              ? ['There are no grants.']
              : grants.map(
                  ({ id, origin, state, left, amount, expiresAt }) =>
                    `${id} ${origin}, ${state}: ${creditsOf(left)} of ${creditsOf(amount)} left, until ${expiresAt}`,
                ),
          data: { tenantId, grants },
        };
      }
      if (ref === undefined || reason === undefined) throw new Mistyped('Say --ref and --reason.');
      const grant = grants.find((one) => one.id === grantId);
      if (dryRun && grant) {
        const taken = Math.min(grant.left, micro ?? grant.left);
        return {
          lines: [`${creditsOf(taken)} of ${creditsOf(grant.left)} credits would be taken.`],
          data: { tenantId, grant, taken },
        };
      }
      const taken = await operator.usage.credits.revoke({
        ...{ tenantId, grantId, ref, reason },
        ...(micro === undefined ? {} : { micro }),
        actor: { kind: 'service', name: values.by ?? userInfo().username },
      });
      const rest =
        taken.pendingMicro > 0
          ? ` ${creditsOf(taken.pendingMicro)} are held by work under way, and taken when they come back.`
          : '';
      const short =
        taken.shortfallMicro > 0 ? ` ${creditsOf(taken.shortfallMicro)} were used already.` : '';
      return {
        lines: [
          `${taken.isNew ? 'Taken' : `"${ref}" took before`}: ${creditsOf(taken.revokedMicro)} credits.${rest}${short}`,
        ],
        data: { tenantId, grantId, ...taken },
      };
    });
  },
});
