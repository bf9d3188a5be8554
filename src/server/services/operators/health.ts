import type { Pool } from 'pg';
import { z } from 'zod';
import type { Db } from '../../../db/client.ts';
import { migrationFiles } from '../../../db/migration-files.ts';
import {
  countOpenEvents,
  oldestOpenEvent,
} from '../../../db/repositories/billing/stripe-event.repository.ts';
import { countSyncFailures } from '../../../db/repositories/billing/sync-failure.repository.ts';
import { countUnsentMails } from '../../../db/repositories/mail-outbox.repository.ts';
import { countOpenAlerts } from '../../../db/repositories/operations/alert.repository.ts';
import {
  countJobs,
  databaseVersion,
} from '../../../db/repositories/operations/health.repository.ts';
import { listRuns } from '../../../db/repositories/operations/reconcile-run.repository.ts';
import { findSetting } from '../../../db/repositories/operations/setting.repository.ts';
import type { HealthScreen } from '../../../domain/accounts/operator-inbox.ts';
import type { ReconcileRunsPage } from '../../../domain/accounts/reconcile-run.ts';
import type { Config } from '../../config/config.ts';
import { STRIPE_API_VERSION } from '../../config/stripe.config.ts';
import { LAST_RECONCILE_SETTING } from '../billing/metrics.ts';
import { DELIVERY_SETTING } from '../operations/delivery-notes.ts';
import type { HealthService } from '../operations/health.service.ts';
import type { LedgerVerificationService } from '../usage/ledger/ledger-verification.service.ts';
import { numberCursor } from './cursors.ts';
import { iso } from './tenants.ts';
import { describeSettings } from './settings.ts';

const noted = z.object({ at: z.string() });
const deliveries = z.object({ accepted: z.string().optional(), refused: z.string().optional() });

export interface HealthDeps {
  db: Db;
  pool: Pool;
  config: Config & { appUrl: string };
  health: Pick<HealthService, 'check'>;
  ledgerVerification: Pick<LedgerVerificationService, 'getLast'>;
}

/** Comparisons of all customers with Stripe, the newest first. */
export async function listReconcileRuns(
  { db }: Pick<HealthDeps, 'db'>,
  cursor: string | undefined,
  limit: number,
): Promise<ReconcileRunsPage> {
  const after = cursor === undefined ? undefined : numberCursor(cursor);
  const rows = await listRuns(db, { after, limit: limit + 1 });
  const page = rows.slice(0, limit);
  return {
    runs: page.map(({ id, begunAt, endedAt, ...run }) => ({
      ...run,
      id: String(id),
      begunAt: begunAt.toISOString(),
      endedAt: iso(endedAt),
    })),
    nextCursor: rows.length > limit ? String(page.at(-1)!.id) : null,
  };
}

/** How the installation is: what is late, what failed, when it was last compared and verified. */
export async function readHealth(deps: HealthDeps): Promise<HealthScreen> {
  const { db, pool, config, health, ledgerVerification } = deps;
  const delivered = deliveries.safeParse(await findSetting(db, DELIVERY_SETTING)).data;
  const oldest = await oldestOpenEvent(db);
  return {
    readiness: await health.check(),
    jobs: await countJobs(pool),
    inbox: { ...(await countOpenEvents(db)), oldestAt: iso(oldest ?? null) },
    mails: await countUnsentMails(db),
    alerts: await countOpenAlerts(db),
    failedSyncs: await countSyncFailures(db),
    reconciledAt: noted.safeParse(await findSetting(db, LAST_RECONCILE_SETTING)).data?.at ?? null,
    verification: (await ledgerVerification.getLast()) ?? null,
    deliveries: {
      acceptedAt: delivered?.accepted ?? null,
      refusedAt: delivered?.refused ?? null,
    },
    versions: [
      { name: 'Node', value: process.version },
      { name: 'PostgreSQL', value: await databaseVersion(pool) },
      { name: 'Stripe API', value: STRIPE_API_VERSION },
      { name: 'Migration', value: migrationFiles().at(-1)?.name ?? '–' },
    ],
    settings: describeSettings(config),
  };
}
