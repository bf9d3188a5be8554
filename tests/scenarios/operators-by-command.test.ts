import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ActResult } from '../../src/domain/accounts/operator-act.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { settled, signUp, type Customer } from '../support/customer.ts';
import { runOperatorCommand } from '../support/operator-command.ts';
import { makeOperator, type SignedInOperator } from '../support/operator.ts';
import { agreeToOverage } from '../support/overage.ts';
import { setChaos } from '../support/stripe-chaos.ts';

// Each command is a program to start.
vi.setConfig({ testTimeout: 240_000 });

const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-acts-'));
let app: TestApp;
let operator: SignedInOperator;
let customer: Customer;
beforeAll(async () => {
  app = await startTestApp();
  operator = await makeOperator(app, await signUp(app, 'Operators'));
  customer = await signUp(app, 'Both ways');
  await customer.subscribe('pro', 'month');
});
afterAll(async () => {
  await app?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const WHY = ['--reason', 'TICKET-8 asks', '--by', 'Ada'];
/** What the command ends with, and what it says as JSON. */
async function run(name: string, ...words: string[]) {
  const env = {
    // What is logged stands beside the answer, never in it.
    ...{ DATA_DIR: folder, DATABASE_URL: app.database.url, LOG_LEVEL: 'debug' },
    ...{ STRIPE_API_BASE: app.stripeUrl, STRIPE_SECRET_KEY: 'sk_test_squaretable' },
  };
  const { code, said, complained } = await runOperatorCommand(name, [...words, '--json'], env);
  return {
    code,
    body: said === '' ? {} : (JSON.parse(said) as Record<string, unknown>),
    complained,
  };
}
const act = (body: object, id = customer.tenantId) =>
  operator.send<ActResult & { code?: string }>('POST', `/api/admin/tenants/${id}/acts`, {
    ...{ reason: 'TICKET-8 asks', ...body },
  });
const factsOf = (body: unknown) =>
  Object.fromEntries((body as ActResult).facts.map(({ name, value }) => [name, value]));
/** Who did it and why, as the operators' log has it. */
const noted = async (action: string, subject: string) =>
  (
    await app.database.pool.query<{ actor_id: string; cause: string }>(
      `select actor_id, cause from audit_log where tenant_id is null and action = $1
         and subject_id = $2 order by id desc limit 1`,
      [`operator.${action}`, subject],
    )
  ).rows[0];

const NOBODY = '00000000-0000-4000-8000-000000000001';

describe('14 what the page does, a command does, and the other way round', () => {
  test('one tenant is brought to what Stripe says', async () => {
    setChaos(app.localStripe!, { drop: 1 });
    const [{ id }] = (
      await customer.atStripe<{ data: [{ id: string }] }>(
        `subscriptions?customer=${await customer.customerId()}`,
      )
    ).data;
    await customer.atStripe(`subscriptions/${id}`, { cancel_at_period_end: 'true' });
    const words = ['--tenant', customer.session.user.email, ...WHY];
    const dry = await run('reconcile', ...words, '--dry-run');
    expect(dry).toMatchObject({ code: 0, body: { ok: true, act: 'sync', done: false } });
    expect(await planned()).toBe(false);
    const done = await run('reconcile', ...words);
    expect(done).toMatchObject({ code: 0, body: { done: true, tenantId: customer.tenantId } });
    expect(await planned()).toBe(true);
    expect(await noted('sync', customer.tenantId)).toEqual({
      ...{ actor_id: 'Ada', cause: 'TICKET-8 asks' },
    });
    await customer.atStripe(`subscriptions/${id}`, { cancel_at_period_end: 'false' });
    await act({ act: 'sync' });
    expect(await planned()).toBe(false);
    setChaos(app.localStripe!, { drop: 0 });
  });

  test('a subscription ends', async () => {
    const end = (when: string, ...more: string[]) =>
      run('subscription:end', '--tenant', customer.tenantId, '--when', when, ...WHY, ...more);
    const dry = await end('period_end', '--dry-run');
    const page = await act({ act: 'end_subscription', when: 'period_end', dryRun: true });
    expect(factsOf(dry.body)).toEqual(factsOf(page.body));
    expect(await planned()).toBe(false);
    expect(factsOf((await end('period_end')).body)).toMatchObject({ subscriptions: 1 });
    expect(await planned()).toBe(true);
    const log = await customer.api.get('/api/tenant/audit');
    expect(JSON.stringify(log.body)).toContain('Ada');
  });

  test('a mail goes out once more', async () => {
    await fetch(`${app.url}/__dev/mail`);
    const { rows } = await app.database.pool.query<{ id: string }>(
      `select id from mail_outbox where tenant_id = $1 and sent_at is not null limit 1`,
      [customer.tenantId],
    );
    const { id } = rows[0]!;
    const again = (...more: string[]) => run('mail:resend', '--mail', id, ...WHY, ...more);
    const dry = await again('--dry-run');
    const page = await act({ act: 'resend_mail', mailId: id, dryRun: true });
    expect(factsOf(dry.body)).toEqual(factsOf(page.body));
    expect(await again()).toMatchObject({ code: 0, body: { done: true } });
    await vi.waitFor(async () => {
      await fetch(`${app.url}/__dev/mail`);
      const sent = await app.database.pool.query(
        'select 1 from mail_outbox where id = $1 and resends = 1 and sent_at is not null',
        [id],
      );
      expect(sent.rows).toHaveLength(1);
    }, 60_000);
  });

  test('how much of overage may be unpaid is set', async () => {
    const trust = (exposureMinor: number | null, dryRun = false) =>
      act({ act: 'trust_overage', exposureMinor, dryRun });
    expect((await trust(1_000, true)).body.code).toBe('not_found');
    expect((await trust(1_000)).body.code).toBe('not_found');
    await agreeToOverage(app.database, customer.tenantId, { at: new Date() });
    // Half of it would not come to a bill.
    for (const dryRun of [true, false]) {
      expect((await trust(999, dryRun)).body).toMatchObject({
        ...{ code: 'invalid_request', details: { refusal: 'exposure_too_little' } },
      });
    }
    const preview = factsOf((await trust(1_000, true)).body);
    expect(preview).toMatchObject({ exposureAfter: 1_000, unpaid: 0 });
    expect(factsOf((await trust(1_000)).body)).toMatchObject({
      ...{ exposure: preview['exposure'], exposureAfter: 1_000 },
    });
    const back = await run('overage:trust', '--tenant', customer.tenantId, '--by-bills', ...WHY);
    expect(factsOf(back.body)).toMatchObject({
      ...{ exposure: 1_000, exposureAfter: preview['exposure'] },
    });
    expect(await noted('trust_overage', customer.tenantId)).toMatchObject({ actor_id: 'Ada' });
    expect((await act({ act: 'trust_overage', exposureMinor: -1 })).body.code).toBe(
      'invalid_request',
    );
  });

  test('a character is hidden, and let back in', async () => {
    const input = { name: 'Troll', description: 'Rude.', greeting: 'Hm.', shared: false };
    const { body } = await customer.api.post<{ id: string }>('/api/characters', input);
    const { id: characterId } = body;
    const hide = (verb: string, dryRun = false) =>
      act({ act: 'hide_character', characterId, verb, dryRun });
    const isHidden = async () =>
      (
        await app.database.pool.query<{ hidden: boolean }>(
          'select hidden_at is not null as hidden from characters where id = $1',
          [characterId],
        )
      ).rows[0]!.hidden;
    expect(factsOf((await hide('hide', true)).body)).toEqual({
      ...{ character: 'Troll', state: 'hidden' },
    });
    expect(await isHidden()).toBe(false);
    await hide('hide');
    expect(await isHidden()).toBe(true);
    const shown = await run('community:hide', '--character', characterId, '--undo', ...WHY);
    expect(shown).toMatchObject({ code: 0, body: { done: true, act: 'hide_character' } });
    expect(await noted('hide_character', customer.tenantId)).toMatchObject({ actor_id: 'Ada' });
    expect(await isHidden()).toBe(false);
    const log = JSON.stringify((await customer.api.get('/api/tenant/audit')).body);
    for (const action of ['character.hidden', 'character.shown']) expect(log).toContain(action);
    const other = await signUp(app);
    const wish = { act: 'hide_character', characterId, verb: 'hide' };
    expect((await act(wish, other.tenantId)).body.code).toBe('not_found');
  });

  test('an alert is closed, and what is kept of a person is written to a file', async () => {
    const id = '00000000-0000-4000-8000-00000000a1e7';
    await app.database.pool.query(
      `insert into alerts (id, kind, subject_id, message, raised_at, last_raised_at)
       values ($1, 'late_payment', 'in_odd', 'of a test', now(), now())`,
      [id],
    );
    // Newer ones, more than a page of them: none is left out.
    await app.database.pool.query(
      `insert into alerts (kind, subject_id, message, raised_at, last_raised_at)
       select 'late_payment', 'in_newer' || n, 'of a test', now() + interval '1 s', now()
       from generate_series(1, 600) n`,
    );
    const { open } = (await run('alert:resolve')).body as { open: { id: string }[] };
    expect(new Set(open.map((one) => one.id)).size).toBe(open.length);
    expect(open.length).toBeGreaterThanOrEqual(601);
    expect(open.at(-1)).toMatchObject({ id });
    expect((await run('alert:resolve', '--alert', id, ...WHY, '--dry-run')).code).toBe(0);
    await app.database.pool.query(`delete from alerts where subject_id like 'in\\_newer%'`);
    expect((await run('alert:resolve', '--alert', id, ...WHY)).code).toBe(0);
    // Closed is closed, also for who only asks what would be.
    for (const asked of [['--dry-run'], []]) {
      expect((await run('alert:resolve', '--alert', id, ...WHY, ...asked)).code).toBe(1);
    }
    expect(await noted('alert_resolved', id)).toMatchObject({ actor_id: 'Ada' });
    const { email } = customer.session.user;
    const file = path.join(folder, 'person.json');
    const words = ['--email', email, '--to', file, ...WHY];
    expect((await run('person:export', ...words)).code).toBe(0);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ person: { email } });
    // Nothing is written over.
    expect((await run('person:export', ...words)).code).toBe(1);
  });

  test('a tenant is deleted, after it was said what becomes of its money', async () => {
    const erase = (name: string, ...more: string[]) =>
      run('tenant:delete', '--tenant', customer.tenantId, '--confirm', name, ...WHY, ...more);
    const dry = await erase('Both ways', '--dry-run');
    expect(factsOf(dry.body)).toEqual({
      ...{ team: 'Both ways', people: 1, subscriptions: 1, unbilled: 0, balance: 0 },
    });
    const wrong = await erase('both ways');
    expect(wrong).toMatchObject({ code: 1 });
    expect(wrong.complained).toContain('exact name');
    expect(await erase('Both ways')).toMatchObject({ code: 0, body: { done: true } });
    await settled(app);
    const gone = await operator.send('GET', `/api/admin/tenants/${customer.tenantId}`);
    expect(gone.body).toMatchObject({ tenant: { deletedAt: expect.any(String) } });
  });

  test.each([
    ['subscription:end', ['--when', 'now', '--tenant', NOBODY]],
    ['reconcile', ['--tenant', NOBODY]],
    ['tenant:delete', ['--confirm', 'x', '--tenant', 'nobody@example.com']],
    ['mail:resend', ['--mail', NOBODY]],
    ['credits:refund', ['--purchase', NOBODY]],
  ])('%s refuses what it does not know, in a sentence', async (name, words) => {
    const { code, complained } = await run(name, ...words, ...WHY, '--dry-run');
    expect(code).toBe(1);
    expect(complained).toMatch(/^(There is no|Nobody has registered)[^\n]+\.\n$/);
  });

  test.each([
    ['subscription:end', 'tenant', ['--when', 'now']],
    ['reconcile', 'tenant', []],
    ['mail:resend', 'mail', []],
    ['credits:refund', 'purchase', []],
    ['statement:hold', 'statement', []],
    ['alert:resolve', 'alert', []],
    ['community:hide', 'character', []],
  ])('%s takes nothing for --%s that cannot be one', async (name, flag, words) => {
    const { code, complained } = await run(name, ...words, `--${flag}`, 'x', ...WHY, '--dry-run');
    expect(code).toBe(2);
    expect(complained).toMatch(new RegExp(`^--${flag} "x" is n`));
  });
});

async function planned(): Promise<boolean> {
  const { rows } = await app.database.pool.query<{ planned: boolean }>(
    'select cancel_at_period_end as planned from subscriptions where tenant_id = $1',
    [customer.tenantId],
  );
  return rows[0]!.planned;
}
