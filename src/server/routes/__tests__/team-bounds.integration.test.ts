import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { InvitationView, MembersView } from '../../../domain/api.ts';
import { mailsTo, tokenMailed } from '../../../../tests/support/mailed.ts';
import { putOnPlan } from '../../../../tests/support/metering.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';
import { idOf, PASSWORD, teamsOf, type Person } from '../../../../tests/support/team.ts';

let server: TestServer;
let people: ReturnType<typeof teamsOf>;
beforeAll(async () => {
  server = await startTestServer({ env: { SMTP_URL: 'smtp://127.0.0.1:1' } });
  people = teamsOf(server);
});
afterAll(() => server?.stop());

const sql = async <T extends object>(text: string, values: unknown[] = []) =>
  (await server.database.pool.query<T>(text, values)).rows;
const tenantOf = ({ session }: Person) => session.tenant.id;
const seatsIn = async (team: Person) => {
  const { members } = (await team.call.get<MembersView>('/api/members')).body;
  return Object.fromEntries(members.map(({ name, hasSeat }) => [name, hasSeat]));
};

describe('13 nobody comes back by an invitation that they sent before', () => {
  type Loss = (team: Person, sender: Person) => Promise<{ status: number }>;
  const removed: Loss = (team, sender) => team.call.delete(`/api/members/${idOf(sender)}`);
  const demoted: Loss = (team, sender) =>
    team.call.patch(`/api/members/${idOf(sender)}`, { role: 'member' });
  const toAdmin: Loss = (team, sender) =>
    team.call.patch(`/api/members/${idOf(sender)}`, { role: 'admin' });
  const handsOver: Loss = (team, sender) =>
    sender.call.post(`/api/members/${idOf(team)}/ownership`);
  const leaves: Loss = (_team, sender) => sender.call.delete(`/api/members/${idOf(sender)}`);

  test.each<[string, string, string, Loss, number]>([
    ['an admin who is removed', 'admin', 'admin', removed, 410],
    ['an admin who is demoted', 'admin', 'member', demoted, 410],
    ['an owner who is now an admin, to own it', 'owner', 'owner', toAdmin, 410],
    ['an owner who is now an admin, to be a member', 'owner', 'member', toAdmin, 200],
    ['an owner who hands over, to own it', 'owner', 'owner', handsOver, 410],
    ['an admin who leaves by their own wish', 'admin', 'member', leaves, 200],
  ])('%s', async (name, role, invitedAs, lose, status) => {
    const key = name.replaceAll(/\W+/g, '-');
    const team = await people.owner(`t-${key}`);
    const sender = await people.join(team, `s-${key}`, role);
    const again = await server.signUp(`again-${key}`);
    const { email } = again.session.user;
    expect((await people.invite(sender, email, invitedAs)).status).toBe(201);
    expect((await lose(team, sender)).status).toBeLessThan(300);
    expect((await people.accept(again)).status).toBe(status);
    const noted = await sql(
      `select 1 from audit_log where tenant_id = $1 and action = 'invitation.revoked'`,
      [tenantOf(team)],
    );
    expect(noted).toHaveLength(status === 410 ? 1 : 0);
  });

  test('who sends an invitation again vouches for it from then on', async () => {
    const team = await people.owner('voucher');
    const sender = await people.join(team, 'first-sender', 'admin');
    const guest = await server.signUp('vouched');
    const { id } = (await people.invite(sender, guest.session.user.email)).body;
    const sent = await team.call.put<InvitationView>(`/api/invitations/${id}/link`);
    expect(sent.body.inviter).toBe('voucher');
    expect((await team.call.delete(`/api/members/${idOf(sender)}`)).status).toBe(204);
    const look = (mail: string) => /token=([\w-]+)/.exec(mail)![1]!;
    const mails = await mailsTo(server.context, 'team_invitation', guest.session.user.email);
    const answers = [];
    for (const token of mails.map(look)) {
      answers.push((await guest.call.post('/api/invitations/accept', { token })).status);
    }
    expect(answers.sort()).toEqual([200, 410]);
  });

  test('who is in the team already stays what they are, whatever the mail offers', async () => {
    const team = await people.owner('twice');
    const member = await people.join(team, 'twice-member');
    expect((await people.invite(team, 'other-address@example.com', 'admin')).status).toBe(201);
    const token = await tokenMailed(
      ...([server.context, 'team_invitation', 'other-address@example.com'] as const),
    );
    await sql(`update users set email = 'other-address@example.com' where id = $1`, [idOf(member)]);
    const { status, body } = await member.call.post('/api/invitations/accept', { token });
    expect({ status, role: body['role'] }).toEqual({ status: 200, role: 'member' });
    expect((await member.call.get('/api/invitations')).status).toBe(403);
  });
});

describe('13 everybody has a team to be signed in to', () => {
  /** Somebody who belongs to these teams alone. */
  async function between(name: string, home: Person, other: Person): Promise<string> {
    const id = idOf(await server.signUp(name));
    await sql(`update users set tenant_id = $2, role = 'member' where id = $1`, [
      ...[id, tenantOf(home)],
    ]);
    await sql(
      `insert into memberships (tenant_id, user_id, role, joined_at) values ($2, $1, 'member', now())`,
      [id, tenantOf(other)],
    );
    return id;
  }

  /** Begins both while the person's memberships are held, and lets go when both wait for somebody. */
  async function atOnce<T>(userId: string, begin: () => Promise<T>[]): Promise<T[]> {
    const held = await server.database.pool.connect();
    try {
      await held.query('begin');
      await held.query('select 1 from memberships where user_id = $1 for update', [userId]);
      const begun = begin();
      await vi.waitFor(
        async () => {
          const waiting = await sql(
            `select 1 from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock'`,
          );
          expect(waiting).toHaveLength(begun.length);
        },
        { timeout: 60_000, interval: 20 },
      );
      await held.query('rollback');
      return await Promise.all(begun);
    } finally {
      held.release();
    }
  }

  test('also when two let somebody go at once', async () => {
    const [one, two] = [await people.owner('lets-go-one'), await people.owner('lets-go-two')];
    const id = await between('between-two', one, two);
    const answers = await atOnce(id, () =>
      [one, two].map(({ call }) => call.delete(`/api/members/${id}`)),
    );
    expect(answers.map(({ status }) => status)).toEqual([204, 204]);
    expect(await sql('select role from memberships where user_id = $1', [id])).toEqual([
      { role: 'owner' },
    ]);
  });

  test('or is gone, when one lets them go while the other is deleted', async () => {
    const [one, two] = [await people.owner('lets-go'), await people.owner('ends')];
    const id = await between('between-ends', two, one);
    const answers = await atOnce(id, () => [
      one.call.delete(`/api/members/${id}`),
      two.call.delete('/api/tenant', { confirm: 'ends' }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([204, 204]);
    expect(
      await sql(
        `select 1 from users u where id = $1
         and not exists (select 1 from memberships m where m.user_id = u.id)`,
        [id],
      ),
    ).toEqual([]);
  });

  test('whoever did not ask for it hears that the team was deleted, and what became of them', async () => {
    const team = await people.owner('ending');
    const guest = await people.join(team, 'ending-guest');
    const local = await people.join(team, 'ending-local');
    await sql(`delete from memberships where user_id = $1 and tenant_id <> $2`, [
      ...[idOf(local), tenantOf(team)],
    ]);
    expect((await team.call.delete('/api/tenant', { confirm: 'ending' })).status).toBe(204);
    const mail = async (person: Person) =>
      (await mailsTo(server.context, 'team_deleted', person.session.user.email)).join();
    expect(await mail(guest)).toContain('ending');
    expect(await mail(local)).toContain('/register');
    expect(await mail(guest)).not.toContain('/register');
    expect(await mail(team)).toBe('');
    expect(
      await sql('select email from users where id = any($1)', [[local, guest].map(idOf)]),
    ).toEqual([{ email: 'ending-guest@example.com' }]);
  });
});

describe('13 a seat that becomes free is the next one’s', () => {
  /** An owner, two members, and one seat, which the first of them has. */
  async function crowded(name: string) {
    const team = await people.owner(name);
    const [first, second] = [
      await people.join(team, `${name}-first`),
      await people.join(team, `${name}-second`),
    ];
    await putOnPlan(server.database, tenantOf(team), 'pro');
    const seat = (who: Person, hasSeat: boolean) =>
      people.put(team, `/api/members/${idOf(who)}/seat`, { hasSeat });
    return { team, first, second, seat };
  }

  test('when who had it is removed, the owner before others, who acts at once', async () => {
    const { team, first, seat } = await crowded('passes');
    await seat(team, false);
    await seat(first, true);
    const draw = () => team.call.post<{ code?: string }>('/api/images', { prompt: 'a boat' });
    expect((await draw()).body.code).toBe('seat_required');
    expect((await team.call.delete(`/api/members/${idOf(first)}`)).status).toBe(204);
    expect(await seatsIn(team)).toEqual({ passes: true, 'passes-second': false });
    expect((await draw()).status).toBe(200);
  });

  test('when who had it deletes their account', async () => {
    const { team, first, seat } = await crowded('deletes');
    await seat(team, false);
    await seat(first, true);
    const gone = await first.call.delete('/api/auth/me', { password: PASSWORD });
    expect(gone.status).toBe(204);
    expect(await seatsIn(team)).toEqual({ deletes: true, 'deletes-second': false });
  });

  test('and is nobody’s where an owner took one on purpose, or who left had none', async () => {
    const { team, first, second, seat } = await crowded('spares');
    await team.call.delete(`/api/members/${idOf(second)}`);
    expect(await seatsIn(team)).toEqual({ spares: true, 'spares-first': false });
    await putOnPlan(server.database, tenantOf(team), 'team');
    const third = await people.join(team, 'spares-third');
    await seat(first, false);
    await team.call.delete(`/api/members/${idOf(third)}`);
    expect(await seatsIn(team)).toEqual({ spares: true, 'spares-first': false });
  });
});

describe('13 a change that the database ended in favour of another is made all the same', () => {
  /** Has the first such change in the table end as one of two that wait for each other does. */
  async function givesWayOnce(event: string, table: string): Promise<() => Promise<unknown>> {
    await sql(`create sequence gives_way`);
    await sql(`create function gives_way() returns trigger language plpgsql as $$ begin
      if nextval('gives_way') = 1 then raise exception 'deadlock detected' using errcode = '40P01'; end if;
      return case tg_op when 'DELETE' then old else new end;
    end $$`);
    await sql(`create trigger gives_way before ${event} on ${table} for each row
      execute function gives_way()`);
    return async () => {
      const rows = await sql<{ tries: string }>('select last_value as tries from gives_way');
      await sql('drop function gives_way cascade');
      await sql('drop sequence gives_way');
      return Number(rows[0]!.tries);
    };
  }
  type Act = (team: Person, member: Person, guest: Person) => Promise<{ status: number }>;

  test.each<[string, string, string, number, Act]>([
    [
      'a removal',
      'delete',
      'memberships',
      204,
      (team, member) => {
        return team.call.delete(`/api/members/${idOf(member)}`);
      },
    ],
    [
      'another role',
      'update of role',
      'memberships',
      200,
      (team, member) => {
        return team.call.patch(`/api/members/${idOf(member)}`, { role: 'admin' });
      },
    ],
    [
      'an invitation',
      'insert',
      'invitations',
      201,
      (team) => {
        return people.invite(team, 'gives-way@example.com');
      },
    ],
    [
      'an account’s deletion',
      'delete',
      'users',
      204,
      (_, member) => {
        return member.call.delete('/api/auth/me', { password: PASSWORD });
      },
    ],
    [
      'an invitation’s acceptance',
      'insert',
      'memberships',
      200,
      async (team, _, guest) => {
        await people.invite(team, guest.session.user.email);
        return people.accept(guest);
      },
    ],
  ])('%s', async (name, event, table, status, act) => {
    const key = name.replaceAll(/\W+/g, '-');
    const team = await people.owner(`gw-${key}`);
    const member = await people.join(team, `gw-${key}-member`);
    const guest = await server.signUp(`gw-${key}-guest`);
    const over = await givesWayOnce(event, table);
    const answer = await act(team, member, guest).finally(async () => {
      expect(await over()).toBeGreaterThan(1);
    });
    expect(answer.status).toBe(status);
  });
});

test('13 an invited address is forgotten 90 days after its link ended', async () => {
  const team = await people.owner('forgets');
  for (const name of ['old', 'young']) await people.invite(team, `${name}@forgets.example`);
  await sql(
    `update invitations set expires_at = now() - case email
    when 'old@forgets.example' then interval '91 days' else interval '89 days' end
    where tenant_id = $1`,
    [tenantOf(team)],
  );
  await server.context.services.auth.prune();
  expect(await sql('select email from invitations where tenant_id = $1', [tenantOf(team)])).toEqual(
    [{ email: 'young@forgets.example' }],
  );
});
