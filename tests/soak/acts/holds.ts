import { randomUUID } from 'node:crypto';
import type { Person } from '../../faults/person.ts';
import type { Hold, Member, Told } from '../told.ts';
import type { Act } from './act.ts';
import { asService } from './beyond-quota.ts';

const HOUR = 3_600;
const DAY = 24 * HOUR;

/** What other services hold before their work: recorded, given back, or left until it ends. */
export const HOLDS = {
  'hold 6 pictures for an hour': (person, told) =>
    hold(person, told, { amount: 6, ttlSeconds: HOUR }),
  'hold 40 pictures for a day': (person, told) =>
    hold(person, told, { amount: 40, ttlSeconds: DAY }),
  'hold 300 pictures for a day': (person, told) =>
    hold(person, told, { amount: 300, ttlSeconds: DAY }),
  'record what is held': (person, told) => settle(person, told, (held) => held.amount),
  'record a part of what is held': (person, told) =>
    settle(person, told, (held) => Math.floor(held.amount / 3)),
  'record more than is held': (person, told) => settle(person, told, (held) => held.amount + 5),
  'record what is held, twice at once': async (person, told) => {
    if (!newest(told)) await hold(person, told, { amount: 6, ttlSeconds: HOUR });
    const statuses = await Promise.all(
      [1, 2].map(() => settle(person, told, (held) => held.amount).catch(() => 0)),
    );
    return Math.max(...statuses);
  },
  'record nothing of what is held': (person, told) => settle(person, told, () => 0),
  'give what is held back': async (person, told) => {
    if (!newest(told)) await hold(person, told, { amount: 6, ttlSeconds: HOUR });
    const held = newest(told);
    if (!held) return 0;
    const path = `/api/usage/reservations/${held.reservationId}`;
    const { status } = await asService(person).delete(path);
    held.released ||= status === 204;
    return status;
  },
} satisfies Record<string, Act>;

const newest = ({ holds }: Told): Hold | undefined =>
  holds.findLast(({ settled, released }) => settled === null && !released);

export async function hold(
  person: Person,
  told: Told,
  { amount, ttlSeconds, member }: { amount: number; ttlSeconds: number; member?: Member },
): Promise<number> {
  const { tenantId } = person;
  const wish = { tenantId, resourceType: 'images', amount, ttlSeconds };
  const metadata = member ? { userId: member.id } : {};
  const { status, body } = await asService(person).post<{ reservationId: string }>(
    '/api/usage/reservations',
    { ...wish, metadata, idempotencyKey: randomUUID() },
  );
  if (status === 201) {
    const of = { reservationId: body.reservationId, amount, memberId: member?.id ?? null };
    told.holds.push({ ...of, settling: [], settled: null, released: false });
  }
  return status;
}

async function settle(
  person: Person,
  told: Told,
  amountOf: (held: Hold) => number,
): Promise<number> {
  if (!newest(told)) await hold(person, told, { amount: 6, ttlSeconds: HOUR });
  const held = newest(told);
  if (!held) return 0;
  const amount = amountOf(held);
  held.settling.push(amount);
  const path = `/api/usage/reservations/${held.reservationId}/settle`;
  const { status } = await asService(person).post(path, { amount });
  if (status === 200) held.settled = amount;
  else if (status < 500) held.settling.splice(held.settling.indexOf(amount), 1);
  return status;
}
