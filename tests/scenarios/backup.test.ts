import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/client.ts';
import { codeSpans, pages } from '../architecture/markdown.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { settled, signUp, type Customer } from '../support/customer.ts';
import { bought } from '../support/packs.ts';
import { runOperatorCommand } from '../support/operator-command.ts';
import {
  findSystemPostgres,
  startSystemPostgres,
  type SystemPostgres,
} from '../support/system-postgres.ts';

// `pg_dump` comes with a server of the same version or later alone, and with no package of npm.
const bin = findSystemPostgres();

/** What the runbook says of a restore. */
const section = (() => {
  const { text } = pages.find((page) => page.path === 'docs/runbook.md')!;
  const [, rest] = text.split('## The database was restored from a backup');
  return { path: 'docs/runbook.md', text: rest!.split('\n## ')[0]!, lines: 0, imports: [] };
})();

/** What it tells to run, in its order. */
const steps = () => {
  const named = codeSpans(section).flatMap(
    ({ text: span }) => /^npm run ([\w:]+)$/.exec(span)?.[1] ?? [],
  );
  return [...new Set(named)];
};

describe.skipIf(bin === undefined)('14 a backup by pg_dump, restored by the runbook', () => {
  const scratch = mkdtempSync(path.join(tmpdir(), 'squaretable-backup-'));
  const backedUp = path.join(scratch, 'backup.dump');
  let server: SystemPostgres;
  let app: TestApp;
  const pools: pg.Pool[] = [];
  let old: Customer;
  let young: Customer;
  const codes: Record<string, number> = {};

  const open = (database: string): pg.Pool => {
    const { pool } = openDatabase({ url: server.url(database), max: 2 });
    pools.push(pool);
    return pool;
  };
  /** What a database says of a tenant. */
  const tenantIn = async (pool: pg.Pool, id: string) => {
    const { rows } = await pool.query<{ plan: string; paid: string[]; used: string | null }>(
      `select plan,
              array(select stripe_invoice_id || ' ' || amount_paid_minor from payments p
                    where p.tenant_id = t.id and p.status = 'paid' order by 1) as paid,
              (select sum(used)::text from u00.usage_totals u
               where u.tenant_id = t.id and resource_type = 'messages') as used
       from tenants t where id = $1`,
      [id],
    );
    return rows[0];
  };

  beforeAll(async () => {
    server = await startSystemPostgres(bin!);
    const admin = open('postgres');
    await admin.query('create database first');
    await admin.query('create database restored');
    const started = await startTestApp({ DATABASE_URL: server.url('first') });
    app = { ...started, database: { ...started.database, pool: open('first') } };
    old = await signUp(app);
    await old.subscribe('pro', 'month');
    await app.server.context.services.usage.trackUsage({
      ...{ tenantId: old.tenantId, resourceType: 'messages', amount: 7 },
    });
    await settled(app);
  }, 120_000);
  afterAll(async () => {
    await app?.stop();
    for (const pool of pools) await pool.end();
    server?.stop();
    rmSync(scratch, { recursive: true, force: true });
  }, 60_000);

  test('it is taken while the product is used, and life goes on', async () => {
    const dump = server.tool('pg_dump', ['--format=custom', `--dbname=${server.url('first')}`]);
    writeFileSync(backedUp, dump);
    await old.change('team', 'month');
    young = await signUp(app);
    await young.subscribe('pro', 'year');
    await bought(old, 'small');
    await settled(app);
    expect(await tenantIn(pools[1]!, young.tenantId)).toMatchObject({ plan: 'pro' });
  });

  test('restored and brought up to date by the steps of the runbook', async () => {
    server.tool('pg_restore', ['--exit-on-error', `--dbname=${server.url('restored')}`], {
      input: readFileSync(backedUp),
    });
    const env = {
      DATABASE_URL: server.url('restored'),
      STRIPE_API_BASE: app.stripeUrl,
      DATA_DIR: scratch,
      LOG_LEVEL: 'silent',
    };
    expect(steps()).toEqual([
      'db:migrate',
      'reconcile',
      'events:replay',
      'usage:verify',
      'stripe:backfill',
    ]);
    for (const step of steps()) {
      const { code, complained } = await runOperatorCommand(step, [], env);
      codes[step] = code;
      expect(complained).not.toMatch(/\n\s+at /);
    }
    // Somebody who pays is unknown until the last step: that needed a person, and the rest did not.
    expect(codes).toEqual({
      ...{ 'db:migrate': 0, reconcile: 1, 'events:replay': 0, 'usage:verify': 0 },
      'stripe:backfill': 0,
    });
  }, 120_000);

  test('a pack that was paid since is listed, for its credits are not there', async () => {
    const [, query] = /```sql\n([^`]+)```/.exec(section.text)!;
    const listed = async (pool: pg.Pool) =>
      (await pool.query<{ tenant_id: string; stripe_invoice_id: string }>(query!)).rows;
    const { rows } = await pools[1]!.query<{ invoice: string }>(
      'select stripe_invoice_id as invoice from credit_purchases where tenant_id = $1',
      [old.tenantId],
    );
    expect(await listed(pools[1]!)).toEqual([]);
    expect(await listed(open('restored'))).toMatchObject([
      { tenant_id: old.tenantId, stripe_invoice_id: rows[0]!.invoice },
    ]);
  });

  test('nobody lost what they paid for, and the usage of the backup is there', async () => {
    const restored = open('restored');
    for (const { tenantId } of [old, young]) {
      const before = await tenantIn(pools[1]!, tenantId);
      const after = await tenantIn(restored, tenantId);
      expect(after).toMatchObject({ plan: before!.plan, paid: before!.paid });
      expect(after!.paid.length).toBeGreaterThan(0);
    }
    expect((await tenantIn(restored, old.tenantId))!.used).toBe('7');
    const { rows } = await restored.query(
      `select kind from alerts where resolved_at is null and kind = 'unknown_tenant'`,
    );
    expect(rows).toEqual([]);
  });
});
