import { randomUUID } from 'node:crypto';
import type { CreditsView } from '../../../src/domain/billing/credits.ts';
import type { TenantActInput } from '../../../src/server/services/operators/tenant-acts.ts';
import type { Person } from '../../faults/person.ts';
import type { Told } from '../told.ts';
import { appOf, type Act } from './act.ts';
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

/** As one operator asks for it. */
export async function once(person: Person, told: Told, input: TenantActInput): Promise<number> {
  const { status, said } = await appOf(person).operate(person.tenantId, input);
  if (status === 500) told.broken.push(`${input.act} answered ${said}`);
  return status === 500 ? 0 : status;
}
