import { userInfo } from 'node:os';
import './operator/env-file.ts';
import { GIVEN_KINDS } from '../src/domain/billing/usage/allowance.ts';
import { requestedPeriod } from '../src/domain/period.ts';
import { isResourceType, RESOURCE_TYPES, type Limit } from '../src/domain/quota.ts';
import { Mistyped, runCommand } from './operator/command.ts';
import { tenantIdOf } from './operator/tenant.ts';
import { withUsage } from './operator/usage.ts';

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
    tenant: { type: 'string', value: 'ID_OR_EMAIL', about: 'whose quota', required: true },
    resource: { type: 'string', value: 'NAME', about: RESOURCE_TYPES.join(', '), required: true },
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
    reason: { type: 'string', value: 'TEXT', about: 'stays in the audit log', required: true },
    period: { type: 'string', value: 'YYYY-MM', about: 'a month to come; else the present one' },
    by: { type: 'string', value: 'NAME', about: 'who adds; else this machine’s user' },
  },
  writes: true,
  async run({ values, dryRun }) {
    const { tenant, resource, ref, reason } = values;
    const period = requestedPeriod(values.period);
    if (!isResourceType(resource)) {
      throw new Mistyped(
        `There is no resource "${resource}"; there are ${RESOURCE_TYPES.join(', ')}.`,
      );
    }
    const kind = GIVEN_KINDS.find((one) => one === values.kind);
    if (kind === undefined) {
      throw new Mistyped(`There is no kind "${values.kind}"; there are ${GIVEN_KINDS.join(', ')}.`);
    }
    if (!/^-?\d{1,13}$/.test(values.units)) {
      throw new Mistyped('--units takes a whole number, with a minus to take off.');
    }
    return withUsage(async (operator) => {
      const { allowances } = operator.usage;
      const request = {
        ...{ tenantId: await tenantIdOf(operator, tenant), resourceType: resource, period, kind },
        ...{ units: Number(values.units), ref, reason },
        actor: { kind: 'service', name: values.by ?? userInfo().username } as const,
      };
      const { tenantId } = request;
      if (dryRun) {
        const { period, before, after } = await allowances.foresee(request);
        return {
          lines: [
            `${resource} in ${period}: the limit is ${said(before)}, it would be ${said(after)}, unless "${ref}" was before.`,
          ],
          data: { tenantId, resource, period, before, after },
        };
      }
      const { allowance, isNew, change } = await allowances.add(request);
      const limits = `the limit was ${said(change.before)}, now it is ${said(change.after)}`;
      const made = `${allowance.units.toLocaleString('en')} of ${allowance.resourceType} in ${allowance.period}`;
      return {
        lines: [
          isNew
            ? `${resource} in ${change.period}: ${limits}.`
            : `"${ref}" was added before: ${made}.`,
        ],
        data: { tenantId, allowance, isNew, ...change },
      };
    });
  },
});

function said(limit: Limit): string {
  return limit === null ? 'unlimited' : limit.toLocaleString('en');
}
