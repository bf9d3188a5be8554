import { openDatabase } from '../../src/db/client.ts';
import { listPackVersions } from '../../src/db/repositories/billing/credit-pack.repository.ts';
import type { PackDefinition } from '../../src/domain/billing/pack.ts';
import type { Clock } from '../../src/domain/clock.ts';
import { systemClock } from '../../src/server/clock.ts';
import {
  decideForCommand,
  TEST_MODE_WARNING,
  type Config,
} from '../../src/server/config/config.ts';
import type { Env } from '../../src/server/config/env.ts';
import {
  examineDatabase,
  unreached,
} from '../../src/server/services/operations/doctor/database.ts';
import { well, type Finding } from '../../src/server/services/operations/doctor/faults.ts';
import { examineSettings } from '../../src/server/services/operations/doctor/settings.ts';
import { examineLlm } from '../../src/server/services/operations/doctor/model.ts';
import {
  examineDataDir,
  examineMail,
  freeShare,
  type FreeShare,
} from '../../src/server/services/operations/doctor/surroundings.ts';
import {
  createStripeClient,
  stripeAccessOf,
} from '../../src/server/services/stripe/client/client.ts';
import { examineStripe } from '../../src/server/services/stripe/setup/doctor.ts';
import { reachDatabase } from './database.ts';

export interface Surroundings {
  clock: Clock;
  free: FreeShare;
}

/** Looks at everything that an installation of these settings stands on; changes nothing. */
export async function examine(
  env: Env,
  { clock, free }: Surroundings = { clock: systemClock, free: freeShare },
): Promise<Finding[]> {
  const config = decideForCommand(env);
  const kinds = `Stripe: ${config.stripe.kind}, database: ${config.database.kind}`;
  const { findings, packs } = await examineItsDatabase(config, clock);
  const found = await Promise.all([
    examineDataDir(config.dataDir, free),
    findings,
    examineAccount(config, packs),
    examineMail(config),
    examineLlm(config.llm),
  ]);
  return [
    ...(config.testMode ? [well(TEST_MODE_WARNING)] : []),
    well(`Configuration (${kinds})`),
    ...examineSettings(env, config),
    ...found.flat(),
  ];
}

/** With the packs that it knows: what they cost is Stripe's. */
async function examineItsDatabase(
  config: Config,
  clock: Clock,
): Promise<{ findings: Finding[]; packs: PackDefinition[] }> {
  const reached = await reachDatabase(config.database);
  const database = openDatabase({ url: reached.url, max: 3 });
  try {
    const findings = await examineDatabase(database, config, clock);
    // Where the tables are older than the program, the findings say so.
    return { findings, packs: await listPackVersions(database.db).catch(() => []) };
  } catch (error) {
    return { findings: [unreached(error)], packs: [] };
  } finally {
    await database.close();
    await reached.close();
  }
}

function examineAccount(config: Config, packs: readonly PackDefinition[]): Promise<Finding[]> {
  const access = stripeAccessOf(config.stripe, undefined);
  // A development's own endpoint is at an address that only it knows.
  const isServed = config.stripe.kind === 'live' || config.production;
  const url = isServed && config.appUrl ? `${config.appUrl}/webhooks/stripe` : undefined;
  return examineStripe(createStripeClient(access), access, url, packs, config.checkoutSettings);
}
