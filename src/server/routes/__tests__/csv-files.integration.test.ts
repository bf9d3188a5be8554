import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';
import { idOf, teamsOf, type Person } from '../../../../tests/support/team.ts';
import { HandClock } from '../../services/usage/__tests__/service.ts';

let server: TestServer;
let owner: Person;
let member: Person;
beforeAll(async () => {
  server = await startTestServer({ clock: new HandClock('2026-05-10T12:00:00Z') });
  const people = teamsOf(server);
  owner = await people.owner('reader');
  member = await people.join(owner, 'doer', 'admin');
  await owner.call.patch(`/api/members/${idOf(member)}`, { role: 'member' });
  const { usage } = server.context.services;
  const tenantId = owner.session.tenant.id;
  await usage.credits.grant({
    ...{ tenantId, origin: 'goodwill', originRef: 'ticket', amountMicro: 10_000_000 },
    ...{ actor: { kind: 'service', name: 'test' }, reason: 'a test' },
    expiresAt: new Date('2027-05-10T12:00:00Z'),
  });
  const { limit } = await usage.checkQuota(tenantId, 'images');
  await usage.trackUsage({ tenantId, resourceType: 'images', amount: limit! });
  await usage.trackUsage({ tenantId, resourceType: 'images', amount: 1 });
});
afterAll(() => server?.stop());

const [REPORT, HISTORY, AUDIT] = [
  '/api/subscription/usage/report.csv',
  '/api/credits/history.csv',
  '/api/tenant/audit.csv',
] as const;
const bytesOf = async (by: Person, path: string) => {
  const headers = { Authorization: `Bearer ${by.session.accessToken}` };
  const answer = await fetch(`${server.url}${path}`, { headers });
  return { answer, text: Buffer.from(await answer.arrayBuffer()).toString('utf8') };
};

describe('12 files for people are in the words of their reader', () => {
  test.each<[path: string, lang: string, headings: string, cells: string]>([
    [REPORT, 'en', 'Day (UTC),Resource,Amount,Member,Model', '2026-05-10,images,5001,,'],
    [REPORT, 'zh', '日期（UTC）,资源,用量,成员,模型', '2026-05-10,图片,5001,,'],
    [
      HISTORY,
      'en',
      'No.,When (UTC),What,Id of the credits,Resource,Amount used,Credits for one,Credits,Left after it,Returns No.,Model',
      ',Paid with credits,',
    ],
    [
      HISTORY,
      'zh',
      '序号,时间（UTC）,内容,点数编号,资源,用量,每单位点数,点数变动,变动后剩余,退还的序号,模型',
      ',由点数支付,',
    ],
    [
      AUDIT,
      'en',
      'When (UTC),By,Who,What was done,About,Before,After,Why,Request',
      ',Person,reader,Changed a role,doer,Role: Admin,Role: Member,',
    ],
    [
      AUDIT,
      'zh',
      '时间（UTC）,操作方,操作者,操作,对象,之前,之后,原因,请求编号',
      ',成员,reader,更改角色,doer,角色：管理员,角色：成员,',
    ],
  ])('%s in %s', async (path, lang, headings, cells) => {
    const { answer, text } = await bytesOf(owner, `${path}?lang=${lang}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-language')).toBe(lang === 'zh' ? 'zh-CN' : 'en');
    expect(text.split('\n')[0]).toBe(`\uFEFF${headings}`);
    expect(text).toContain(cells);
    const plain = await bytesOf(owner, path);
    expect(plain.text.startsWith('\uFEFF')).toBe(false);
    expect(text.split('\n')).toHaveLength(plain.text.split('\n').length);
  });

  test('credits that were added stand in the log as credits, instants in UTC', async () => {
    const { text } = await bytesOf(owner, `${AUDIT}?lang=en`);
    expect(text).toContain('Credits: 10; Valid until: 2027-05-10T12:00:00.000Z');
  });

  test.each([
    ['en', 'others'],
    ['zh', '其他人'],
  ])('a member’s report puts the others together in %s', async (lang, others) => {
    const { text } = await bytesOf(member, `${REPORT}?lang=${lang}`);
    expect(text).toContain(`,5001,${others},`);
  });

  test.each([REPORT, HISTORY, AUDIT])(
    '%s is refused in a language that we do not speak',
    async (path) => {
      for (const lang of ['fr', '', 'zh-CN', '%00']) {
        const { answer, text } = await bytesOf(owner, `${path}?lang=${lang}`);
        expect([answer.status, JSON.parse(text)]).toEqual([
          400,
          expect.objectContaining({ code: 'invalid_request' }),
        ]);
      }
    },
  );
});
