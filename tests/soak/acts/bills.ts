import type { LimitsView } from '../../../src/domain/billing/spending/limits-view.ts';
import type { StatementAct } from '../../../src/server/services/billing/statements/operate.ts';
import type { Person } from '../../faults/person.ts';
import type { Told } from '../told.ts';
import { appOf, readLimits, statusOf, type Act } from './act.ts';
import { report } from './beyond-quota.ts';
import { once } from './operators.ts';

/** What becomes of a bill for use beyond quota and credits: paid, and what operators do to it. */
export const BILLS = {
  'pay what is open': (person) => pay(person),
  'staff hold what is billed next': (person, told) => holdNext(person, told),
  'staff release the bill': (person, told) => operate(person, told, 'release'),
  'staff write the bill off': (person, told) => operate(person, told, 'write-off'),
} satisfies Record<string, Act>;

/** Which bills each act can be done to, in SQL over `statements`. */
export const BILLS_FOR = {
  pay: `hosted_invoice_url is not null and state in ('open', 'failed')`,
  hold: `held_at is null and state in ('closed', 'invoicing')`,
  release: `held_at is not null and state in ('closed', 'invoicing')`,
  'write-off': `state in ('closed', 'carried', 'invoicing', 'open', 'failed', 'uncollectible')`,
} as const satisfies Record<StatementAct | 'pay', string>;

/** The newest that it can be done to. */
async function billFor(
  { world, tenantId }: Person,
  act: keyof typeof BILLS_FOR,
): Promise<{ id: string; url: string } | undefined> {
  const { rows } = await world.pool.query<{ id: string; url: string }>(
    `select id, hosted_invoice_url as url from statements
     where tenant_id = $1 and ${BILLS_FOR[act]} order by closed_at desc limit 1`,
    [tenantId],
  );
  return rows[0];
}

async function pay(person: Person): Promise<number> {
  const bill = await billFor(person, 'pay');
  if (!bill) return 0;
  const body = new URLSearchParams({ number: '4242424242424242', expiry: '12/49', cvc: '123' });
  return statusOf(fetch(bill.url, { method: 'POST', body, redirect: 'manual' }));
}

async function operate(person: Person, told: Told, verb: StatementAct): Promise<number> {
  const statementId = (await billFor(person, verb))?.id;
  return statementId ? once(person, told, { act: 'operate_statement', statementId, verb }) : 0;
}

/**
 * What is owed grows until the next minute's task bills it, and Stripe refuses the invoice just then: so staff
 * come in time to hold it.
 */
async function holdNext(person: Person, told: Told): Promise<number> {
  if (await billFor(person, 'hold')) return operate(person, told, 'hold');
  for (let left = 8; left > 0; left -= 1) {
    const { overage } = (await readLimits<Partial<LimitsView>>(person)).body;
    if (!overage || overage.unpaidMinor === 0) return 0;
    if (overage.unpaidMinor >= (overage.exposureMinor ?? 0) / 2) break;
    await report(person, told, 40);
  }
  const customer = await person.customer();
  const invoices = { method: 'POST', path: '/v1/invoices', customer } as const;
  person.world.addRule({ status: 500, when: 'before', shouldRetry: false, match: invoices });
  await appOf(person).runTasks();
  return operate(person, told, 'hold');
}
