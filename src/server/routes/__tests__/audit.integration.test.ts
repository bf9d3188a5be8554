import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditPage } from '../../../domain/api.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';
import { idOf, teamsOf } from '../../../../tests/support/team.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { SMTP_URL: 'smtp://127.0.0.1:1' } });
});
afterAll(() => server?.stop());

test('13 owners see who did what, before and after, page by page, and nobody else does', async () => {
  const people = teamsOf(server);
  const team = await people.owner('auditor');
  const admin = await people.join(team, 'doer', 'admin');
  const { id } = (await admin.call.post<{ id: string }>('/api/api-keys', { name: '=cmd()' })).body;
  await admin.call.delete(`/api/api-keys/${id}`);
  await team.call.patch(`/api/members/${idOf(admin)}`, { role: 'member' });

  const read = async (query = '') =>
    (await team.call.get<AuditPage>(`/api/tenant/audit${query}`)).body;
  const { entries, nextCursor } = await read();
  expect(nextCursor).toBeNull();
  expect(entries.map(({ action, actor }) => [action, actor.name])).toEqual([
    ['member.role_changed', 'auditor'],
    ['api_key.revoked', 'doer'],
    ['api_key.made', 'doer'],
    ['member.joined', 'doer'],
    ['invitation.sent', 'auditor'],
  ]);
  expect(entries[0]).toMatchObject({
    ...{ subject: 'doer', before: { role: 'admin' }, after: { role: 'member' } },
  });

  const paged: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: AuditPage = await read(`?limit=2${cursor && `&cursor=${cursor}`}`);
    expect(page.entries.length).toBeLessThanOrEqual(2);
    paged.push(...page.entries.map((entry) => entry.id));
    cursor = page.nextCursor;
  }
  expect(paged).toEqual(entries.map((entry) => entry.id));

  const file = await team.call.get<string>('/api/tenant/audit.csv');
  const lines = String(file.body).trimEnd().split('\n');
  expect(lines).toHaveLength(1 + entries.length);
  expect(lines[0]).toBe('at,actor_kind,actor,action,subject,before,after,cause,request_id');
  // The key is named like a formula: a spreadsheet is given text.
  expect(lines[2]).toMatch(/,user,doer,api_key\.revoked,'=cmd\(\),"\{""name"":""=cmd\(\)""/);

  const elsewhere = await people.owner('curious');
  for (const path of ['/api/tenant/audit', '/api/tenant/audit.csv']) {
    expect((await admin.call.get(path)).status).toBe(403);
    expect(JSON.stringify((await elsewhere.call.get(path)).body)).not.toContain('doer');
  }
  for (const cursor of ['x', '0', '9'.repeat(30), '-1']) {
    expect((await team.call.get(`/api/tenant/audit?cursor=${cursor}`)).status).toBe(400);
  }
  const { body } = await elsewhere.call.get<AuditPage>(
    `/api/tenant/audit?cursor=${entries[0]!.id}`,
  );
  expect(body.entries).toEqual([]);
});
