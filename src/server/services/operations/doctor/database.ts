import { z } from 'zod';
import type { Database } from '../../../../db/client.ts';
import { databaseCode, isDatabaseAway } from '../../../../db/database-error.ts';
import { isMigrated, planMigration } from '../../../../db/migrate.ts';
import { countOpenEvents } from '../../../../db/repositories/billing/stripe-event.repository.ts';
import { countOpenAlerts } from '../../../../db/repositories/operations/alert.repository.ts';
import {
  databaseTime,
  eventLagSeconds,
  jobLagSeconds,
} from '../../../../db/repositories/operations/health.repository.ts';
import { findSetting } from '../../../../db/repositories/operations/setting.repository.ts';
import { isVerificationAlert } from '../../../../domain/alerts.ts';
import type { Clock } from '../../../../domain/clock.ts';
import type { Config } from '../../../config/config.ts';
import { DELIVERY_SETTING } from '../delivery-notes.ts';
import { LAST_VERIFICATION_SETTING, UNTRUSTED_PROXY_SETTING } from '../health.service.ts';
import { examineBuckets, examinePlacements } from './buckets.ts';
import { fault, well, type Finding } from './faults.ts';
import { examineServers } from './servers.ts';

const SKEW_MAX_MS = 5_000;
const LATE_SECONDS = 600;
const SUBJECT = 'Database';

/** Looks at the database and at what the product has noted in it. */
export async function examineDatabase(
  database: Pick<Database, 'pool' | 'db' | 'url' | 'buckets'>,
  config: Pick<Config, 'trustedProxies'>,
  clock: Clock,
): Promise<Finding[]> {
  try {
    const { drift, applied } = await planMigration(database.url);
    if (drift) return [fault(SUBJECT, 'database_drifted', drift)];
    if (applied.length > 0) {
      return [fault(SUBJECT, 'database_old', `It lacks ${applied.join(', ')}.`)];
    }
    if (!(await isMigrated(database.pool).catch(() => false))) {
      const misplaced = await examinePlacements(database);
      if (misplaced.length > 0) return misplaced;
      return [
        fault(SUBJECT, 'buckets_incomplete', 'A bucket of metering is missing or lacks tables.'),
      ];
    }
    const found = await Promise.all([
      examineClock(database, clock),
      examineLags(database),
      examineNotes(database, config),
      examineBuckets(database),
      examineServers(database),
    ]);
    return [well('Database is reached and up to date'), ...found.flat()];
  } catch (error) {
    return [unreached(error)];
  }
}

/** Why the database could not be asked; rethrows what has another cause. */
export function unreached(error: unknown): Finding {
  const code = databaseCode(error);
  if (code === '28P01' || code === '28000') {
    return fault(SUBJECT, 'database_login_refused', 'It refuses the user or the password.');
  }
  if (code === '3D000')
    return fault(SUBJECT, 'database_missing', 'The server has none of the name.');
  if (isDatabaseAway(error)) return fault(SUBJECT, 'database_away', 'It cannot be reached.');
  throw error;
}

async function examineClock({ pool }: Pick<Database, 'pool'>, clock: Clock): Promise<Finding[]> {
  const there = await databaseTime(pool);
  const skewMs = Math.abs(there.getTime() - clock.now().getTime());
  if (skewMs <= SKEW_MAX_MS) return [];
  const seconds = Math.round(skewMs / 1000);
  return [fault('Clock', 'clock_skewed', `This machine and the database differ by ${seconds} s.`)];
}

async function examineLags({ pool, db }: Pick<Database, 'pool' | 'db'>): Promise<Finding[]> {
  const [jobs, waiting, { dead }] = await Promise.all([
    jobLagSeconds(pool),
    eventLagSeconds(pool),
    countOpenEvents(db),
  ]);
  const minutes = (seconds: number) => `${Math.round(seconds / 60)} minutes`;
  return [
    jobs > LATE_SECONDS
      ? fault('Jobs', 'jobs_late', `One has waited for ${minutes(jobs)}.`)
      : well('Jobs'),
    waiting > LATE_SECONDS
      ? fault('Events', 'events_late', `One has waited for ${minutes(waiting)}.`)
      : well('Events'),
    ...(dead > 0 ? [fault('Events', 'events_dead', `${dead} were given up.`)] : []),
  ];
}

const verification = z.object({ differences: z.number() });
const deliveries = z.object({ accepted: z.string().optional(), refused: z.string().optional() });

async function examineNotes(
  { db }: Pick<Database, 'db'>,
  { trustedProxies }: Pick<Config, 'trustedProxies'>,
): Promise<Finding[]> {
  const alerts = await countOpenAlerts(db);
  const last = verification.safeParse(await findSetting(db, LAST_VERIFICATION_SETTING)).data;
  const delivered = deliveries.safeParse(await findSetting(db, DELIVERY_SETTING)).data ?? {};
  const proxy = await findSetting(db, UNTRUSTED_PROXY_SETTING);
  const { accepted = '', refused = '' } = delivered;
  return [
    ...alerts.map(({ kind, open }) =>
      isVerificationAlert(kind)
        ? fault('Books', kind, 'The last verification found it; the alert names where.')
        : fault('Alerts', 'alert_open', `${open} open of the kind ${kind}.`),
    ),
    ...(last && last.differences > 0
      ? [fault('Books', 'ledger_differs', `${last.differences} counters differ from the ledger.`)]
      : []),
    ...(refused > accepted
      ? [
          fault(
            'Deliveries',
            'deliveries_refused',
            `The last with a good signature came ${accepted || 'never'}, one was refused ${refused}.`,
          ),
        ]
      : []),
    ...(proxy !== undefined && trustedProxies.kind === 'none'
      ? [fault('Proxies', 'proxies_untrusted', 'X-Forwarded-For comes, and no proxy is trusted.')]
      : []),
  ];
}
