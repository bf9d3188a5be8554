import './operator/env-file.ts';
import { openDatabase, type Db } from '../src/db/client.ts';
import { isMigrated } from '../src/db/migrate.ts';
import { countOpenAlerts } from '../src/db/repositories/operations/alert.repository.ts';
import { findSetting } from '../src/db/repositories/operations/setting.repository.ts';
import { countOpenEvents } from '../src/db/repositories/billing/stripe-event.repository.ts';
import { decideForCommand, TEST_MODE_WARNING, type Config } from '../src/server/config/config.ts';
import { readEnv } from '../src/server/config/env.ts';
import { UNTRUSTED_PROXY_SETTING } from '../src/server/services/operations/health.service.ts';
import { createStripeClient, stripeAccessOf } from '../src/server/services/stripe/client/client.ts';
import { examineStripe, type Finding } from '../src/server/services/stripe/setup/doctor.ts';
import { reachDatabase } from './operator/database.ts';
import { runCommand } from './operator/command.ts';

await runCommand({
  name: 'doctor',
  about:
    'Looks at the settings, the database and the Stripe account, changes nothing, and says what to put right.',
  examples: [['', 'each thing looked at, and what to do about it']],
  async run() {
    const config = decideForCommand(readEnv());
    const findings: Finding[] = [
      ...(config.testMode ? [{ subject: TEST_MODE_WARNING }] : []),
      {
        subject: `Configuration (Stripe: ${config.stripe.kind}, database: ${config.database.kind})`,
      },
      ...(await examineDatabase(config)),
      ...(await examineAccount(config)),
    ];
    const problems = findings.filter((one) => one.problem).length;
    return {
      lines: [
        ...findings.map(({ subject, problem }) =>
          problem ? `✗ ${subject}: ${problem}` : `✓ ${subject}`,
        ),
        problems === 0 ? '\nAll is well.' : `\n${problems} to put right.`,
      ],
      data: { findings },
      needsPerson: problems > 0,
    };
  },
});

async function examineDatabase(config: Config): Promise<Finding[]> {
  const subject = 'Database';
  try {
    const reached = await reachDatabase(config.database);
    const database = openDatabase({ url: reached.url, max: 2 });
    try {
      if (!(await isMigrated(database.pool).catch(() => false))) {
        return [{ subject, problem: 'Its tables are not up to date; run npm run db:migrate.' }];
      }
      const events = await countOpenEvents(database.db);
      const alerts = await countOpenAlerts(database.db);
      return [
        { subject: 'Database is reached and up to date' },
        ...(await examineProxies(config, database.db)),
        events.dead > 0
          ? {
              subject: 'Events',
              problem: `${events.dead} were given up; npm run events:replay tries again.`,
            }
          : { subject: `Events: none given up, ${events.received} waiting` },
        ...alerts.map(({ kind, open }) => ({
          subject: 'Alerts',
          problem: `${open} open of the kind ${kind}.`,
        })),
      ];
    } finally {
      await database.close();
      await reached.close();
    }
  } catch (error) {
    return [{ subject, problem: error instanceof Error ? error.message : String(error) }];
  }
}

/** A proxy whose word is not taken makes all its customers one address. */
async function examineProxies(config: Config, db: Db): Promise<Finding[]> {
  if (config.trustedProxies.kind !== 'none') return [];
  const noted = await findSetting(db, UNTRUSTED_PROXY_SETTING);
  if (noted === undefined) return [];
  return [
    {
      subject: 'Proxies',
      problem:
        'Requests came with X-Forwarded-For, and no proxy is trusted, so sign-in limits see one address for everybody; set TRUSTED_PROXIES to the proxies’ addresses or their number.',
    },
  ];
}

async function examineAccount(config: Config): Promise<Finding[]> {
  const access = stripeAccessOf(config.stripe, undefined);
  const webhookUrl = config.appUrl && `${config.appUrl}/webhooks/stripe`;
  const url = config.stripe.kind === 'live' ? webhookUrl : undefined;
  return examineStripe(createStripeClient(access), access, url);
}
