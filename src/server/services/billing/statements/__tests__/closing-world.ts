import { buffer } from 'node:stream/consumers';
import { meteredTenant } from '../../../../../../tests/support/metered-tenant.ts';
import { agreeToOverage } from '../../../../../../tests/support/overage.ts';
import type { TestDatabase } from '../../../../../../tests/support/test-database.ts';
import {
  findStatement,
  listLines,
} from '../../../../../db/repositories/billing/statements/statement.repository.ts';
import type { Statement } from '../../../../../db/schema/index.ts';
import { createLog } from '../../../../log.ts';
import { HandClock, usageService } from '../../../usage/__tests__/service.ts';
import { closeStatement } from '../close.ts';
import { proofStart } from '../proof.ts';
import { openRows } from '../rows.ts';
import { headOf } from '../view.ts';

const MARCH = '2027-03-10T12:00:00Z';

/** A team on Pro whose 500 pictures are used; one more is two credits at 12 fen each. */
export async function closingWorld(
  database: TestDatabase,
  options: { capMinor?: number; at?: string } = {},
) {
  const clock = new HandClock(options.at ?? MARCH);
  const tenantId = await meteredTenant(database.pool);
  const { pool } = database;
  await pool.query(`update tenants set plan = 'pro', overage_currency = 'cny' where id = $1`, [
    tenantId,
  ]);
  await live(database, tenantId, clock.now());
  const usage = usageService(database, clock);
  const images = { tenantId, resourceType: 'images' as const };
  const { capMinor = 100_000 } = options;
  await agreeToOverage(database, tenantId, { capMinor, at: clock.now() });
  const fill = () => usage.trackUsage({ ...images, amount: 500 });
  await fill();
  const log = createLog('silent', false);
  const deps = { db: database.db, clock, log, router: usage.router };
  return {
    ...{ clock, tenantId, usage, deps, fill },
    draw: (amount: number) => usage.trackUsage({ ...images, amount }),
    hold: (amount: number) => usage.reserve({ ...images, amount, ttlSeconds: 3_600 }),
    close: (due: Parameters<typeof closeStatement>[2]) => closeStatement(deps, tenantId, due),
    all: () => statementsOf(database, tenantId),
    proofOf: (statement: Statement) => proofOf(deps, statement),
  };
}

/** It has a subscription that runs, as far as statements mind. */
async function live(database: TestDatabase, tenantId: string, at: Date): Promise<void> {
  await database.pool.query(
    `insert into subscriptions (tenant_id, stripe_subscription_id, stripe_customer_id,
       stripe_price_id, stripe_status, status, plan, interval, current_period_start,
       current_period_end, created_at, synced_at)
     values ($1, 'sub_' || $1::uuid, 'cus_' || $1::uuid, 'price_x', 'active', 'active', 'pro', 'month', $2::timestamptz,
       $2::timestamptz + interval '1 month', $2, $2)`,
    [tenantId, at],
  );
}

async function statementsOf(database: TestDatabase, tenantId: string): Promise<Statement[]> {
  const { rows } = await database.pool.query<{ id: string }>(
    'select id from statements where tenant_id = $1 order by seq_from',
    [tenantId],
  );
  return Promise.all(rows.map(async ({ id }) => (await findStatement(database.db, id))!));
}

async function proofOf(
  deps: Parameters<typeof openRows>[0] & { db: TestDatabase['db'] },
  statement: Statement,
): Promise<string> {
  const { tenantId, seqFrom: from, seqTo: to, proofFormat: format } = statement;
  const start = proofStart(headOf(statement), await listLines(deps.db, statement.id));
  return start + String(await buffer(await openRows(deps, tenantId, { from, to, format })));
}
