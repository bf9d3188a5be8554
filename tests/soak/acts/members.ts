import { randomUUID } from 'node:crypto';
import type { SessionView } from '../../../src/domain/api.ts';
import type { Person } from '../../faults/person.ts';
import { PASSWORD } from '../../faults/speaker.ts';
import { caller } from '../../support/http.ts';
import { linkTokenOf } from '../open-world.ts';
import { overLimit } from '../limits.ts';
import type { Member, Told } from '../told.ts';
import { statusOf, type Act } from './act.ts';
import { report } from './beyond-quota.ts';
import { hold } from './holds.ts';

/** People of the team: let in, limited, at work within their limit and beyond it, and gone with work open. */
export const MEMBERS = {
  'let somebody in': (person, told) => admit(person, told),
  'a member may use 10 pictures': (person, told) => limit(person, told, 10),
  'a member may use 60 pictures': (person, told) => limit(person, told, 60),
  'a member may use none': (person, told) => limit(person, told, 0),
  'a member may use what anybody may': (person, told) => limit(person, told, null),
  'a member uses 4 pictures': (person, told) => use(person, told, [4]),
  'a member uses 30 pictures': (person, told) => use(person, told, [30]),
  'a member uses 4 pictures, eight times at once': (person, told) =>
    use(person, told, Array<number>(8).fill(4)),
  'a member holds 4 pictures for a day': (person, told) => keep(person, told, 4),
  'a member leaves, with 3 pictures held': async (person, told) => {
    await keep(person, told, 3);
    return leave(person, told);
  },
  'the owner takes a member out': (person, told) =>
    goes(told, (id) => person.api.delete(`/api/members/${id}`)),
  'work of who is gone goes on': (person, told) => {
    const gone = told.members.findLast(({ left }) => left);
    return gone ? report(person, told, 4, gone) : Promise.resolve(0);
  },
} satisfies Record<string, Act>;

/** Who came last of those who are in the team. */
const newest = ({ members }: Told): Member | undefined => members.findLast(({ left }) => !left);

async function admit(person: Person, told: Told): Promise<number> {
  const { world, api, url } = person;
  const open = caller(url);
  const email = `${randomUUID()}@example.com`;
  const invited = await api.post<{ id: string }>('/api/invitations', { email, role: 'member' });
  if (invited.status !== 201) return invited.status;
  const { status, body } = await open.post<SessionView>('/api/auth/register', {
    ...{ email, password: PASSWORD, tenantName: 'Of their own' },
  });
  if (status !== 201) return status;
  const { rows } = await world.pool.query<{ link: string }>(
    'select link_id as link from invitations where id = $1',
    [invited.body.id],
  );
  const token = linkTokenOf(rows[0]!.link);
  const own = caller(url, body.accessToken);
  // An answer that is lost may have been a yes.
  told.members.push({ id: body.user.id, email, mayBe: [null], left: false });
  const accepted = await statusOf(own.post('/api/invitations/accept', { token }));
  if (accepted >= 400 && accepted < 500) told.members.pop();
  return accepted;
}

/** All that may be in force is kept in mind: an answer that is lost may have been a yes. */
async function limit(person: Person, told: Told, images: number | null): Promise<number> {
  const member = newest(told);
  if (!member) return 0;
  const before = member.mayBe;
  member.mayBe = [...before, images];
  const limits = { llm_tokens: null, messages: null, api_calls: null, images };
  const { status } = await person.api.put(`/api/members/${member.id}/limits`, limits);
  if (status === 200) member.mayBe = [images];
  else if (status < 500) member.mayBe = before;
  return status;
}

/** Through both processes; answers the best of their answers. */
async function use(person: Person, told: Told, amounts: number[]): Promise<number> {
  const member = newest(told);
  if (!member) return 0;
  const { length } = person.world.apps;
  const statuses = await Promise.all(
    amounts.map((amount, at) =>
      report(amounts.length > 1 ? person.through(at % length) : person, told, amount, member).catch(
        () => 0,
      ),
    ),
  );
  if (statuses.includes(200)) await see(person, told, member);
  return statuses.includes(200) ? 200 : Math.max(...statuses);
}

async function keep(person: Person, told: Told, amount: number): Promise<number> {
  const member = newest(told);
  if (!member) return 0;
  const status = await hold(person, told, { amount, ttlSeconds: 86_400, member });
  if (status === 201) await see(person, told, member);
  return status;
}

/** Whoever was let through just now is within their limit. */
async function see(person: Person, told: Told, member: Member): Promise<void> {
  told.broken.push(...(await overLimit(person, told, member)));
}

/** As they do it themselves, from their own page. */
function leave(person: Person, told: Told): Promise<number> {
  const { url, tenantId } = person;
  return goes(told, async (id, email) => {
    const signedIn = await caller(url).post<SessionView>('/api/auth/login', {
      ...{ email, password: PASSWORD },
    });
    const own = caller(url, signedIn.body.accessToken);
    const there = await own.post<SessionView>('/api/auth/switch', { tenantId });
    if (there.status !== 200) return there;
    return caller(url, there.body.accessToken).delete(`/api/members/${id}`);
  });
}

async function goes(
  told: Told,
  asks: (id: string, email: string) => Promise<{ status: number }>,
): Promise<number> {
  const member = newest(told);
  if (!member) return 0;
  const before = member.mayBe;
  member.mayBe = [...before, null];
  const { status } = await asks(member.id, member.email);
  if (status < 300) Object.assign(member, { left: true, mayBe: [null] });
  else if (status < 500) member.mayBe = before;
  return status;
}
