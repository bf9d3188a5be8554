import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../tests/support/test-database.ts';
import { insertMail } from '../../../../db/repositories/mail-outbox.repository.ts';
import { insertTenant } from '../../../../db/repositories/accounts/tenant.repository.ts';
import { createMovableClock } from '../../../clock.ts';
import { createLog } from '../../../log.ts';
import { MailService } from '../mail.service.ts';

let database: TestDatabase;
let tenantId: string;
let smtp: Server;
let answer = '250';
const received: string[] = [];
const clock = createMovableClock();
const dataDir = mkdtempSync(path.join(tmpdir(), 'squaretable-mail-'));
const hour = 3_600_000;

beforeAll(async () => {
  database = await createTestDatabase();
  tenantId = (await insertTenant(database.db, { name: 'Table', now: clock.now() })).id;
  smtp = createServer(speakSmtp);
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve));
});
beforeEach(async () => {
  received.length = 0;
  answer = '250';
  await database.pool.query('delete from mail_outbox');
});
afterAll(async () => {
  smtp.close();
  rmSync(dataDir, { recursive: true, force: true });
  await database.drop();
});

/** As much of a mail server as a mail program needs; `answer` is what it says to a recipient. */
function speakSmtp(socket: Socket): void {
  let body: string[] | undefined;
  socket.write('220 test\r\n');
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    for (const line of chunk.toString().split('\r\n').slice(0, -1)) {
      if (body && line === '.') {
        received.push(body.join('\n'));
        body = undefined;
        socket.write('250 kept\r\n');
      } else if (body) body.push(line);
      else if (line === 'DATA') {
        body = [];
        socket.write('354 go on\r\n');
      } else if (line.startsWith('RCPT')) socket.write(`${answer} recipient\r\n`);
      else socket.write(line === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n');
    }
  });
}

function open(kind: 'smtp' | 'kept'): MailService {
  const url = `smtp://127.0.0.1:${(smtp.address() as AddressInfo).port}`;
  const from = 'Table <billing@example.com>';
  return new MailService({
    db: database.db,
    clock,
    log: createLog('silent', false),
    appUrl: 'https://billing.example',
    contact: { supportEmail: null, termsUrl: null, privacyUrl: null },
    dataDir,
    jwtSecret: 'a secret of the tests, longer than 32 bytes',
    mail: kind === 'smtp' ? { kind, url, from } : { kind, from },
  });
}

const queue = (attempt = 0) =>
  insertMail(database.db, {
    tenantId,
    kind: 'trial_will_end',
    subjectId: 'sub_1',
    attempt,
    recipient: 'ada@example.com',
    locale: 'en',
    data: { name: 'Ada', plan: 'pro', trialEnd: '2027-02-10T00:00:00.000Z' },
    createdAt: clock.now(),
  });

test('one mail a subject and attempt, sent once, by however many workers', async () => {
  expect([await queue(), await queue(), await queue(1)]).toEqual([true, false, true]);
  const workers = [open('smtp'), open('smtp'), open('smtp')];
  const sent = await Promise.all(workers.map((worker) => worker.sendDue()));
  expect(sent.reduce((sum, one) => sum + one, 0)).toBe(2);
  expect(received).toHaveLength(2);
  expect(received[0]).toMatch(
    /To: ada@example\.com[\s\S]*Subject: Your trial ends on February 10, 2027/,
  );
  expect(await open('smtp').sendDue()).toBe(0);
  for (const worker of workers) worker.close();
});

test('a server that refuses is tried again later, at growing distances, and given up in the end', async () => {
  await queue();
  answer = '451';
  const mails = open('smtp');
  expect(await mails.sendDue()).toBe(0);
  expect(await mails.sendDue()).toBe(0);
  const state = async () => (await mails.show(10)).map((one) => one.state);
  expect(await state()).toEqual(['waiting']);

  clock.moveTo(new Date(clock.now().getTime() + hour));
  answer = '250';
  expect(await mails.sendDue()).toBe(1);
  expect(await state()).toEqual(['sent']);

  await queue(1);
  answer = '550';
  for (let tries = 0; tries < 12; tries += 1) {
    await mails.sendDue();
    clock.moveTo(new Date(clock.now().getTime() + 24 * 30 * hour));
  }
  expect(await state()).toContain('given up');
  mails.close();
});

test('without a mail server, mails are files', async () => {
  await queue();
  expect(await open('kept').sendDue()).toBe(1);
  const [file] = readdirSync(path.join(dataDir, 'mail'));
  expect(readFileSync(path.join(dataDir, 'mail', file!), 'utf8')).toMatch(
    /^From: Table <billing@example\.com>\nTo: ada@example\.com\nSubject: Your trial ends/,
  );
});

test('a mail of an unknown kind holds up no other', async () => {
  await database.pool.query(
    `insert into mail_outbox (tenant_id, kind, subject_id, recipient, locale, created_at)
     values ($1, 'unheard_of', 'x', 'ada@example.com', 'en', $2)`,
    [tenantId, new Date(clock.now().getTime() - hour)],
  );
  await queue();
  expect(await open('kept').sendDue()).toBe(1);
});
