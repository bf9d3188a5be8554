import './operator/env-file.ts';
import { createLog } from '../src/server/log.ts';
import { verifyStatements } from '../src/server/services/billing/statements/verify-statements.ts';
import { verifyBusiness } from '../src/server/services/operators/verify-business.ts';
import { runCommand } from './operator/command.ts';
import { withUsage } from './operator/usage.ts';

const SAID = {
  missing: 'the bucket does not know this tenant, which is in it',
  misplaced: 'the bucket knows this tenant, which is not in it',
  outdated: 'the bucket has another plan, or other limits, of this tenant',
};

const SAID_OF_STATEMENTS = {
  chain: 'it does not follow the one before',
  sum: 'it does not come to what its lines do',
  month: 'its lines do not go on where those before left off',
  rows: 'the movements that it covers are others by now',
  draws: 'its lines are not what the movements cost',
};

await runCommand({
  name: 'usage:verify',
  about:
    'Compares every counter with the ledger and the reservations, credits with what was drawn of them, limits with plans and allowances, charges of tokens with their raw counts, statements with what they cover, business sums with payments, and what buckets know of tenants with the main tables; prints each difference.',
  examples: [
    ['', 'looks, and writes nothing'],
    [
      '--rebuild',
      'and mends counters from the ledger, business sums from payments, refunds and movements; closes or renews their alerts',
    ],
    ['--rebuild --dry-run', 'says which those would be'],
  ],
  flags: {
    rebuild: { type: 'boolean', about: 'writes counters and business sums anew where they differ' },
  },
  writes: true,
  async run({ values, dryRun }) {
    // Who looks changes nothing: alerts and the result that doctor reads are the nightly tasks', or mending's.
    const rebuild = values.rebuild && !dryRun;
    const how = { rebuild, report: rebuild };
    const { periods, rebuilt, away, ...found } = await withUsage(
      async ({ verification, usage, database, clock }) => {
        const metered = await verification.verify(how);
        const deps = { db: database.db, clock, log: createLog('silent', false) };
        const statements = await verifyStatements({ ...deps, router: usage.router }, how);
        const business = await verifyBusiness(deps, how);
        const all = { ...metered, statements, business: business.differences };
        return { ...all, rebuilt: metered.rebuilt + business.rebuilt };
      },
    );
    const { differences, credits, rated, members, limits, copies, statements, business } = found;
    const differ = Object.values(found).reduce((sum, { length }) => sum + length, 0);
    return {
      lines: [
        ...differences.map(
          (one) =>
            `${one.bucket} ${one.period} ${one.tenantId} ${one.resourceType}: used ${one.used}, ledger ${one.ledger}, ` +
            `days ${one.days}; held ${one.held}, reserved ${one.reserved}`,
        ),
        ...credits.map(
          ({ bucket, tenantId, fault, stands, adds, ...of }) =>
            `${bucket} ${of.period ?? 'credits'} ${tenantId} ${of.resourceType ?? of.grantId ?? ''}: ` +
            `${fault} ${stands}, the draws and holds say ${adds}`,
        ),
        ...rated.map(
          (one) =>
            `${one.bucket} ${one.period} ${one.tenantId} row ${one.id}: ${one.recorded} units, card ${one.card} ` +
            `makes ${one.weighed ?? 'nothing'} of the tokens of ${one.model ?? 'no model'}`,
        ),
        ...members.map(
          (one) =>
            `${one.bucket} ${one.period} ${one.tenantId} ${one.resourceType} of ${one.memberId}: used ${one.used}, ` +
            `ledger ${one.ledger}; held ${one.held}, reserved ${one.reserved}`,
        ),
        ...limits.map(
          ({ bucket, period, tenantId, resourceType, limit, ought }) =>
            `${bucket} ${period} ${tenantId} ${resourceType}: limit ${limit ?? 'none'}, plan and allowances ` +
            `make ${ought ?? 'none'}`,
        ),
        ...statements.map(
          ({ tenantId, statementId, fault }) =>
            `${tenantId} statement ${statementId}: ${SAID_OF_STATEMENTS[fault]}`,
        ),
        ...business.map(
          ({ month, currency, name, ought, ...kept }) =>
            `business ${month} ${currency} ${name}: ${kept.minor} of ${kept.count}, ` +
            `the rows come to ${ought.minor} of ${ought.count}`,
        ),
        ...copies.map(({ bucket, tenantId, what }) => `${bucket} ${tenantId}: ${SAID[what]}`),
        ...away.map((bucket) => `${bucket} was not verified: its server does not answer.`),
        `${count(periods.length, 'month')} verified, ${count(differ, 'difference')}, ${rebuilt} rebuilt.`,
      ],
      data: { periods, ...found, rebuilt, away },
      needsPerson: differ !== rebuilt || away.length > 0,
    };
  },
});

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
