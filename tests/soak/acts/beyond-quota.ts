import { randomUUID } from 'node:crypto';
import type { LimitsView } from '../../../src/domain/billing/spending/limits-view.ts';
import type { Person } from '../../faults/person.ts';
import { caller } from '../../support/http.ts';
import { INGEST_TOKEN } from '../open-world.ts';
import { wronglyRefused } from '../limits.ts';
import type { Member, Told } from '../told.ts';
import { nowOf, putLimits, readLimits, type Act } from './act.ts';

/** Use, also beyond the quota. */
export const BEYOND_QUOTA = {
  'use 6 pictures': (person, told) => report(person, told, 6),
  'use 40 pictures': (person, told) => report(person, told, 40),
  'use 600 pictures': (person, told) => report(person, told, 600),
  'use 5,100 pictures': (person, told) => report(person, told, 5_100),
  'agree to 10 of overage': (person, told) => agree(person, told, 1_000),
  'agree to 300 of overage': (person, told) => agree(person, told, 30_000),
  'end overage': async (person, told) => {
    const { status } = await putLimits(person, { overage: { enabled: false } });
    if (status === 200) noteCap(person, told, 0);
    return status;
  },
} satisfies Record<string, Act>;

/** As another service of the platform speaks. */
export const asService = ({ url }: Person) => caller(url, INGEST_TOKEN);

/** What became of a reported event. */
interface Result {
  status: string;
  used: number;
  limit: number | null;
  held?: number;
  reason?: string;
}

/** The event alone may be refused, by its result: that is 429 here. */
export async function report(
  person: Person,
  told: Told,
  amount: number,
  member?: Member,
): Promise<number> {
  const { tenantId } = person;
  const key = randomUUID();
  const event = { tenantId, resourceType: 'images', amount, idempotencyKey: key };
  const { status, body } = await asService(person).post<{ results?: Result[] }>(
    '/api/usage/events',
    { events: [{ ...event, ...(member ? { memberId: member.id } : {}) }] },
  );
  const result = body.results?.[0];
  if (result?.status === 'recorded')
    told.recorded.set(key, { amount, memberId: member?.id ?? null });
  if (result?.reason === 'member_limit')
    told.broken.push(...wronglyRefused(member ?? NOBODY, amount, result));
  return result?.status === 'rejected' ? 429 : status;
}

/** Calls that name no member have no limit of a member. */
const NOBODY = { mayBe: [] };

async function agree(person: Person, told: Told, capMinor: number): Promise<number> {
  const { body, status: read } = await readLimits<LimitsView>(person);
  if (read !== 200) return read;
  if (!body.overage.price) return 0;
  const before = told.caps.at(-1)?.upToMinor ?? 0;
  // An answer that is lost may have been a yes.
  noteCap(person, told, Math.max(before, capMinor));
  const overage = { enabled: true, capMinor, consent: body.overage.price };
  const { status } = await putLimits(person, { overage });
  if (status === 200) noteCap(person, told, capMinor);
  return status;
}

const noteCap = (person: Person, told: Told, upToMinor: number) =>
  void told.caps.push({ at: nowOf(person), upToMinor });
