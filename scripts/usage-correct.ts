import { userInfo } from 'node:os';
import './operator/env-file.ts';
import { requestedPeriod } from '../src/domain/period.ts';
import { isResourceType, RESOURCE_TYPES } from '../src/domain/quota.ts';
import { Mistyped, runCommand } from './operator/command.ts';
import { tenantIdOf } from './operator/tenant.ts';
import { withUsage, type OperatorUsage } from './operator/usage.ts';

await runCommand({
  name: 'usage:correct',
  about:
    'Takes usage off a tenant, or adds it, by a row of the ledger with its reason and who gave it.',
  examples: [
    ['--tenant ID_OR_EMAIL --resource messages --amount=-5 --reason "…"', 'takes five off'],
    ['--tenant ID_OR_EMAIL --resource messages --reset --reason "…"', 'takes all of it off'],
  ],
  flags: {
    tenant: { type: 'string', value: 'ID_OR_EMAIL', about: 'whose usage', required: true },
    resource: { type: 'string', value: 'NAME', about: RESOURCE_TYPES.join(', '), required: true },
    amount: { type: 'string', value: 'N', about: 'units to add; with a minus, to take off' },
    reset: { type: 'boolean', about: 'takes all of it off' },
    reason: { type: 'string', value: 'TEXT', about: 'stays in the ledger', required: true },
    period: { type: 'string', value: 'YYYY-MM', about: 'another month than the present one' },
    by: { type: 'string', value: 'NAME', about: 'who corrects; else this machine’s user' },
  },
  writes: true,
  async run({ values, dryRun }) {
    const { tenant, resource, amount, reset, reason } = values;
    const period = requestedPeriod(values.period);
    if (!isResourceType(resource)) {
      throw new Mistyped(
        `There is no resource "${resource}"; there are ${RESOURCE_TYPES.join(', ')}.`,
      );
    }
    if (reset === (amount !== undefined)) throw new Mistyped('Say either an amount or --reset.');
    return withUsage(async (operator) => {
      const tenantId = await tenantIdOf(operator, tenant);
      const request = {
        tenantId,
        resourceType: resource,
        reason,
        actor: { kind: 'service', name: values.by ?? userInfo().username } as const,
        ...(period ? { period } : {}),
      };
      const before = await usedOf(operator, tenantId, resource, period);
      const after = reset ? 0 : before + Number(amount);
      if (dryRun) {
        return {
          lines: [`${resource}: ${before} are used, ${after} would be.`],
          data: { tenantId, resource, before, after },
        };
      }
      const done = reset
        ? { before: (await operator.usage.resetUsage(request)).before, after: 0 }
        : await added(operator, { ...request, amount: Number(amount) });
      return {
        lines: [`${resource}: ${done.before} were used, now ${done.after}.`],
        data: { tenantId, resource, ...done },
      };
    });
  },
});

async function added(
  { usage }: OperatorUsage,
  request: Parameters<OperatorUsage['usage']['correct']>[0],
) {
  const { used } = await usage.correct(request);
  return { before: used - request.amount, after: used };
}

async function usedOf(
  { usage }: OperatorUsage,
  tenantId: string,
  resource: string,
  period: ReturnType<typeof requestedPeriod>,
): Promise<number> {
  const { resources } = await usage.getUsageStats(tenantId, period);
  return resources.find((one) => one.resourceType === resource)?.used ?? 0;
}
