import { randomUUID } from 'node:crypto';
import type { LimitsView } from '../../../src/domain/billing/spending/limits-view.ts';
import type { StatementView } from '../../../src/domain/billing/statement.ts';
import type { Person } from '../../faults/person.ts';
import { caller } from '../../support/http.ts';
import { INGEST_TOKEN } from '../open-world.ts';
import type { Told } from '../told.ts';
import { nowOf, putLimits, readLimits, type Act } from './act.ts';

/** Use, also beyond the quota, and the bill for it. */
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
  'pay what is open': async (person) => {
    const url = (await statementsOf(person)).find(({ payUrl }) => payUrl !== null)?.payUrl;
    if (!url) return 0;
    const card = { number: '4242424242424242', expiry: '12/49', cvc: '123' };
    await fetch(url, { method: 'POST', body: new URLSearchParams(card), redirect: 'manual' });
    return 0;
  },
} satisfies Record<string, Act>;

/** As another service of the platform speaks. */
export const asService = ({ url }: Person) => caller(url, INGEST_TOKEN);

/** The event alone may be refused, by its result. */
async function report(person: Person, told: Told, amount: number): Promise<number> {
  const { tenantId } = person;
  const event = { tenantId, resourceType: 'images', amount, idempotencyKey: randomUUID() };
  const { status, body } = await asService(person).post<{ results?: { status: string }[] }>(
    '/api/usage/events',
    { events: [event] },
  );
  if (body.results?.[0]?.status === 'recorded') told.recorded.set(event.idempotencyKey, amount);
  return status;
}

async function agree(person: Person, told: Told, capMinor: number): Promise<number> {
  const { body, status: read } = await readLimits<LimitsView>(person);
  if (read !== 200 || !body.overage.price) return read;
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

/** The newest first. */
export async function statementsOf({ api }: Person): Promise<StatementView[]> {
  const { body } = await api.get<{ statements?: StatementView[] }>('/api/subscription/statements');
  return body.statements ?? [];
}
