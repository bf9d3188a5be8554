import type { SessionView } from '../../src/domain/api.ts';
import type { Plan } from '../../src/domain/plans.ts';
import { BrowserSession } from './browser-session.ts';
import { caller, type Answer } from './http.ts';
import { tokenMailed } from './mailed.ts';
import { putOnPlan } from './metering.ts';
import type { TestServer } from './server.ts';

export const PASSWORD = 'correct horse';

/** Somebody signed in, in one of their teams. */
export type Person = Awaited<ReturnType<TestServer['signUp']>>;

export const idOf = ({ session }: Person) => session.user.id;

/** People of teams, as they come about over HTTP. */
export function teamsOf(server: TestServer) {
  /** Registers somebody whose team is on `plan`. */
  async function owner(name: string, plan: Plan = 'team'): Promise<Person> {
    const person = await server.signUp(name);
    await putOnPlan(server.database, person.session.tenant.id, plan);
    return person;
  }

  function invite(by: Person, email: string, role = 'member') {
    return by.call.post<{ id: string; code: string }>('/api/invitations', { email, role });
  }

  /** Answers what accepting the newest invitation to the person answered. */
  async function accept(person: Person): Promise<Answer<{ code?: string }>> {
    const token = await tokenMailed(server.context, 'team_invitation', person.session.user.email);
    return person.call.post<{ code?: string }>('/api/invitations/accept', { token });
  }

  async function switchTo({ call }: Person, tenantId: string): Promise<Person> {
    const { status, body } = await call.post<SessionView>('/api/auth/switch', { tenantId });
    if (status !== 200) throw new Error(JSON.stringify(body));
    return { session: body, call: caller(server.url, body.accessToken) };
  }

  /** Lets somebody into a team by an invitation; answers them there. */
  async function admit(team: Person, person: Person, role = 'member'): Promise<Person> {
    const sent = await invite(team, person.session.user.email, role);
    if (sent.status !== 201) throw new Error(JSON.stringify(sent.body));
    const { status, body } = await accept(person);
    if (status !== 200) throw new Error(JSON.stringify(body));
    return switchTo(person, team.session.tenant.id);
  }

  return {
    ...{ owner, invite, accept, switchTo, admit },
    /** Somebody new who is let in. */
    join: async (team: Person, name: string, role = 'member') =>
      admit(team, await server.signUp(name), role),
    put: (person: Person, path: string, body: object) =>
      new BrowserSession(server.url).send('PUT', path, body, person.session.accessToken),
  };
}
