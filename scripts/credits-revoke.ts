import './operator/env-file.ts';
import { REASON_FLAG } from './operator/carry-out.ts';
import type { Result } from './operator/command-types.ts';
import { CommandUsageError, runCommand } from './operator/command.ts';
import { creditsOf } from './operator/credits.ts';
import { tenantIdOf } from './operator/tenant.ts';
import { typedCredits, typedId } from './operator/typed.ts';
import { actOnUsage } from './operator/usage-act.ts';
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
    credits: { type: 'string', value: 'N', about: 'how many at most; else all', with: 'grant' },
    ref: {
      ...{ type: 'string', value: 'TEXT', with: 'grant' },
      about: 'what for: a second time nothing is taken',
    },
    reason: { ...REASON_FLAG, with: 'grant' },
    by: {
      ...{ type: 'string', value: 'NAME', with: 'grant' },
      about: 'who takes; else this machine’s user',
    },
  },
  writes: true,
  run({ values, dryRun }) {
    const { tenant, ref, reason, by } = values;
    const credits = values.credits === undefined ? undefined : typedCredits(values.credits);
    if (values.grant === undefined) return listGrants(tenant);
    const grantId = typedId('grant', values.grant);
    if (ref === undefined || !reason) throw new CommandUsageError('Say --ref and --reason.');
    const wish = { act: 'revoke_credits', grantId, credits, ref } as const;
    return actOnUsage({ values: { reason, by }, dryRun }, wish, tenant);
  },
});

function listGrants(idOrEmail: string): Promise<Result> {
  return withUsage(async (operator) => {
    const tenantId = await tenantIdOf(operator, idOrEmail);
    const { grants } = await operator.usage.credits.read(tenantId);
    const lines = grants.map(
      ({ id, origin, state, left, amount, expiresAt }) =>
        `${id} ${origin}, ${state}: ${creditsOf(left)} of ${creditsOf(amount)} left, until ${expiresAt}`,
    );
    return {
      lines: lines.length > 0 ? lines : ['There are no grants.'],
      data: { tenantId, grants },
    };
  });
}
