import { randomUUID } from 'node:crypto';
import type { CreditsView } from '../../../src/domain/billing/credits.ts';
import type { LimitsView } from '../../../src/domain/billing/spending/limits-view.ts';
import type { StatementAct } from '../../../src/server/services/billing/statements/operate.ts';
import type { TenantActInput } from '../../../src/server/services/operators/tenant-acts.ts';
import type { Person } from '../../faults/person.ts';
import type { Told } from '../told.ts';
import { appOf, readLimits, type Act } from './act.ts';
import { statementsOf } from './beyond-quota.ts';
import { purchasesOf } from './packs.ts';

/** What operators do for a team, by the acts of their page and commands. */
export const OPERATORS = {
  'staff grant 50 credits': (person, told) => grant(person, told, 50, 90),
  'staff grant 300 credits for a day': (person, told) => grant(person, told, 300, 1),
  'staff revoke the newest credits': async (person, told) => {
    const { body } = await person.api.get<Partial<CreditsView>>('/api/credits');
    const newest = body.grants?.toSorted((a, b) => (a.effectiveAt < b.effectiveAt ? 1 : -1))[0];
    if (!newest) return 0;
    return once(person, told, { act: 'revoke_credits', grantId: newest.id, ref: randomUUID() });
  },
  'staff give 20 pictures more': (person, told) => allow(person, told, 20, 'goodwill'),
  'staff take 5 pictures off': (person, told) => allow(person, told, -5, 'override'),
  'staff give the unused pack back': async (person, told) => {
    const purchaseId = (await purchasesOf(person))[0]?.id;
    return purchaseId ? once(person, told, { act: 'refund_purchase', purchaseId }) : 0;
  },
  'staff hold what is billed next': (person, told) => holdNext(person, told),
  'staff release the bill': (person, told) => operate(person, told, 'release'),
  'staff write the bill off': (person, told) => operate(person, told, 'write-off'),
} satisfies Record<string, Act>;

/** Twice at once, in every process: a ref gives once. */
async function grant(person: Person, told: Told, credits: number, days: number): Promise<number> {
  const ref = randomUUID();
  const input = { act: 'grant_credits', credits, days, ref, isPromotion: false } as const;
  const status = await everywhere(person, told, input);
  if (status === 200) told.credits.push(ref);
  return status;
}

async function allow(
  person: Person,
  told: Told,
  units: number,
  kind: 'goodwill' | 'override',
): Promise<number> {
  const ref = randomUUID();
  const resourceType = 'images';
  const input = { act: 'add_allowance', resourceType, units, kind, ref } as const;
  const status = await everywhere(person, told, input);
  if (status === 200) told.allowances.push(ref);
  return status;
}

/** The least status that was answered: 200 when one has done it. */
async function everywhere(person: Person, told: Told, input: TenantActInput): Promise<number> {
  const { apps } = person.world;
  const statuses = await Promise.all(
    apps.map((_, at) => once(person.through(at), told, input).catch(() => 0)),
  );
  return Math.min(...statuses.filter((one) => one > 0));
}

async function once(person: Person, told: Told, input: TenantActInput): Promise<number> {
  const { status, said } = await appOf(person).operate(person.tenantId, input);
  if (status === 500) told.broken.push(`${input.act} answered ${said}`);
  return status === 500 ? 0 : status;
}

async function operate(person: Person, told: Told, verb: StatementAct): Promise<number> {
  const statementId = (await statementsOf(person))[0]?.id;
  return statementId ? once(person, told, { act: 'operate_statement', statementId, verb }) : 0;
}

/**
 * What is not billed yet is closed by the next minute's task, and Stripe refuses the invoice just then: so
 * staff come in time to hold it.
 */
async function holdNext(person: Person, told: Told): Promise<number> {
  const { body } = await readLimits<LimitsView>(person);
  if (!body.overage || body.overage.unpaidMinor === 0) return operate(person, told, 'hold');
  const customer = await person.customer();
  const invoices = { method: 'POST', path: '/v1/invoices', customer } as const;
  person.world.addRule({ status: 500, when: 'before', shouldRetry: false, match: invoices });
  await appOf(person).runTasks();
  return operate(person, told, 'hold');
}
