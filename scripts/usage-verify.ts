import { setTimeout as pause } from 'node:timers/promises';
import './operator/env-file.ts';
import { assertStripeSet } from '../src/server/config/config.ts';
import { createLog } from '../src/server/log.ts';
import {
  verifyInvoices,
  type InvoiceDifference,
  type InvoiceVerdict,
  type UnaskedCustomer,
} from '../src/server/services/billing/statements/verify-invoices.ts';
import { verifyStatements } from '../src/server/services/billing/statements/verify-statements.ts';
import { verifyBusiness } from '../src/server/services/operators/verify-business.ts';
import { restBeforeCallMs } from '../src/server/services/stripe/client/call-limits.ts';
import { createStripeClient, stripeAccessOf } from '../src/server/services/stripe/client/client.ts';
import { StatementInvoices } from '../src/server/services/stripe/invoices/statement-invoices.ts';
import { runCommand } from './operator/command.ts';
import { withUsage, type OperatorUsage } from './operator/usage.ts';

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

/** What is wrong at Stripe, and what to do about it. */
const SAID_OF_INVOICES: Record<InvoiceDifference['fault'], (one: InvoiceDifference) => string> = {
  invoice_missing: ({ ought, tenantId }) =>
    `no invoice at Stripe bills it, ${ought} is due: npm run reconcile -- --tenant ${tenantId} --reason "…" ` +
    'brings it to what Stripe says; is the key that of the account in which it was invoiced?',
  invoice_extra: ({ stands, ought }) =>
    `at Stripe ${stands} bill it, ${ought} is due: void the others in the dashboard, or refund there what was paid of them`,
  invoice_amount: ({ stands, ought }) =>
    `its invoice is ${stands} before tax, ought to be ${ought}: ask who changed it, and give back in the dashboard what is too much`,
  invoice_hash: ({ stands, ought }) =>
    `its invoice names ${stands}, ought to name ${ought}: where nothing else is said of the statement, write statementId ` +
    'and sha256 into the metadata of the invoice anew',
};

const NOT_ASKED: InvoiceVerdict = { asked: 0, differences: [], unasked: [] };
/** After so many teams a line says how far it is. */
const TOLD_EVERY = 100;

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
    ['--stripe', 'looks, and compares statements with their invoices at Stripe too'],
  ],
  flags: {
    rebuild: { type: 'boolean', about: 'writes counters and business sums anew where they differ' },
    stripe: {
      type: 'boolean',
      about:
        'asks Stripe for the invoices of all statements: one call a customer, five a second with test keys, 20 with live ones',
    },
  },
  writes: true,
  async run({ values, dryRun, progress }) {
    // Who looks changes nothing: alerts and the result that doctor reads are the nightly tasks', or mending's.
    const rebuild = values.rebuild && !dryRun;
    const how = { rebuild, report: rebuild };
    const { periods, rebuilt, away, asked, unasked, ...found } = await withUsage(
      async (operator) => {
        const { config, verification, usage, database, clock } = operator;
        if (values.stripe) assertStripeSet(config);
        const metered = await verification.verify(how);
        const deps = { db: database.db, clock, log: createLog('silent', false) };
        const statements = await verifyStatements({ ...deps, router: usage.router }, how);
        const business = await verifyBusiness(deps, how);
        const atStripe = values.stripe ? await askStripe(operator, progress) : NOT_ASKED;
        const { asked, unasked, differences: invoices } = atStripe;
        const all = { ...metered, statements, business: business.differences, invoices };
        return { asked, unasked, ...all, rebuilt: metered.rebuilt + business.rebuilt };
      },
    );
    const { differences, credits, rated, members, limits, copies, statements, business, invoices } =
      found;
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
        ...invoices.map(
          (one) =>
            `${one.tenantId} statement ${one.statementId}: ${SAID_OF_INVOICES[one.fault](one)}`,
        ),
        ...business.map(
          ({ month, currency, name, ought, ...kept }) =>
            `business ${month} ${currency} ${name}: ${kept.minor} of ${kept.count}, ` +
            `the rows come to ${ought.minor} of ${ought.count}`,
        ),
        ...copies.map(({ bucket, tenantId, what }) => `${bucket} ${tenantId}: ${SAID[what]}`),
        ...away.map((bucket) => `${bucket} was not verified: its server does not answer.`),
        ...linesOfUnasked(unasked),
        ...(values.stripe ? [`${count(asked, 'statement')} compared with Stripe.`] : []),
        `${count(periods.length, 'month')} verified, ${count(differ, 'difference')}, ${rebuilt} rebuilt.`,
      ],
      data: { periods, ...found, rebuilt, away, ...(values.stripe ? { asked, unasked } : {}) },
      needsPerson: differ !== rebuilt || away.length + unasked.length > 0,
    };
  },
});

function askStripe({ config, database }: OperatorUsage, progress: (line: string) => void) {
  const access = stripeAccessOf(config.stripe, undefined);
  const stripe = createStripeClient(access);
  const restMs = restBeforeCallMs(access);
  progress('Asking Stripe for the invoices of statements …');
  return verifyInvoices({
    db: database.db,
    invoices: new StatementInvoices({ stripe, environment: config.environment }),
    rest: () => pause(restMs),
    progress: (done, all) => {
      if (done % TOLD_EVERY === 0 || done === all) progress(`${done} of ${count(all, 'team')}`);
    },
  });
}

/** Where Stripe is away it is so for all that follow: they are counted, and named in the JSON. */
function linesOfUnasked(unasked: readonly UnaskedCustomer[]): string[] {
  const unknown = unasked.filter(({ why }) => why === 'unknown');
  const away = unasked.filter(({ why }) => why === 'away');
  const statements = away.reduce((sum, one) => sum + one.statements, 0);
  return [
    ...unknown.map(
      (one) =>
        `${one.tenantId}: ${count(one.statements, 'statement')} not compared with Stripe, which does not know ` +
        `${one.customerId}; is the key that of the account in which they were invoiced?`,
    ),
    ...(away.length > 0
      ? [
          `${count(statements, 'statement')} of ${count(away.length, 'customer')} not compared with Stripe, which ` +
            'does not answer: run it again later.',
        ]
      : []),
  ];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
