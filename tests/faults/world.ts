import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { Stripe } from 'stripe';
import { offsetClock, startLocalStripe, type FailureRule, type LocalStripe } from 'local-stripe';
import { AppProcess } from '../support/app-process.ts';
import { caller, type Caller } from '../support/http.ts';

const DAY_SECONDS = 86_400;

export interface WorldOptions {
  /** A PostgreSQL's administrative database, and the migrated one to clone there. */
  postgres: { adminUrl: string; template: string };
  /** More variables for the app. */
  env?: Record<string, string>;
  /** How many app processes share the database. */
  processes?: number;
}

/**
 * A local Stripe in this process, and the product in one or more processes of their own, which can
 * be killed: everything that a case needs, and nothing that another case has touched.
 */
export class World {
  readonly local: LocalStripe;
  readonly stripe: Stripe;
  readonly control: Caller;
  readonly pool: pg.Pool;
  readonly apps: AppProcess[];
  /** While long stretches pass, the apps are told the time at their end alone. */
  readonly far: { isPassing: boolean };
  readonly #clear: () => Promise<void>;

  private constructor(
    parts: Pick<World, 'local' | 'pool' | 'apps' | 'far'>,
    clear: () => Promise<void>,
  ) {
    this.local = parts.local;
    this.pool = parts.pool;
    this.apps = parts.apps;
    this.far = parts.far;
    this.#clear = clear;
    this.control = caller(this.local.url);
    this.stripe = new Stripe('sk_test_staff', {
      host: '127.0.0.1',
      port: this.local.port,
      protocol: 'http',
      telemetry: false,
      maxNetworkRetries: 0,
    });
  }

  static async open(options: WorldOptions): Promise<World> {
    const { adminUrl, template } = options.postgres;
    const name = `faults_${randomBytes(8).toString('hex')}`;
    const databaseUrl = Object.assign(new URL(adminUrl), { pathname: `/${name}` }).href;
    const dataDir = mkdtempSync(path.join(tmpdir(), 'squaretable-faults-'));
    await administer(adminUrl, `create database ${name} template ${template}`);
    const apps: AppProcess[] = [];
    const real = offsetClock();
    const far = { isPassing: false };
    const clock = {
      now: () => real.now(),
      moveTo: (instant: Date) => {
        real.moveTo(instant);
        if (!far.isPassing)
          for (const app of apps) void app.turnClock(instant).catch(() => undefined);
      },
    };
    const local = await startLocalStripe({ port: 0, clock });
    const env = {
      DATA_DIR: dataDir,
      DATABASE_URL: databaseUrl,
      STRIPE_API_BASE: local.url,
      STRIPE_TIMEOUT_SECONDS: '1',
      LOG_LEVEL: 'silent',
      ...options.env,
    };
    for (let n = 0; n < (options.processes ?? 1); n += 1) apps.push(await AppProcess.start(env));
    const pool = new pg.Pool({ connectionString: databaseUrl, max: 3 });
    pool.on('error', () => undefined);
    return new World({ local, pool, apps, far }, async () => {
      await Promise.all(apps.map((app) => app.kill()));
      await local.close();
      await pool.end();
      await administer(adminUrl, `drop database if exists ${name} with (force)`);
      rmSync(dataDir, { recursive: true, force: true });
    });
  }

  /** The first app process. */
  get app(): AppProcess {
    return this.apps[0]!;
  }

  /** Unix seconds. */
  now(): number {
    return this.local.kernel.now();
  }

  /** How events are delivered, and which calls fail. */
  async chaos(settings: object): Promise<void> {
    const answer = await this.control.post('/_control/chaos', settings);
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  }

  /** One more call that fails, beside those that are to fail already. */
  addRule(rule: FailureRule): void {
    this.local.kernel.run(({ store, settings }) => {
      const failNext = [...settings.chaos.failNext, rule];
      store.put('_settings', { ...settings, chaos: { ...settings.chaos, failNext } });
    });
  }

  /** As after thirty days, from when on Stripe lists an event no more: nobody hears of it now. */
  forgetEvents(): void {
    this.local.kernel.run(({ store }) => {
      for (const kind of ['_delivery', '_event'] as const) {
        for (const { id } of [...store.oldestFirst(kind)]) store.remove(kind, id);
      }
    });
  }

  /** Moves on to the first of March, so that the months ahead are as long in every world. */
  async toMarch(): Promise<void> {
    const now = this.local.clock.now();
    const march = (year: number) => Date.UTC(year, 2, 1, 9) / 1000;
    const year = now.getUTCFullYear();
    await this.local.advanceTo(march(year) > this.now() ? march(year) : march(year + 1));
    for (const app of this.apps) await app.runTasks();
    await this.settled();
  }

  /** Time passes, for Stripe and the app, and what that brings is done. */
  async pass(seconds: number): Promise<void> {
    await this.local.advanceTo(this.now() + Math.round(seconds));
    await this.settled();
  }

  passDays(days: number): Promise<void> {
    return this.pass(days * DAY_SECONDS);
  }

  /** Days pass at Stripe while its events reach nobody; then the apps look what has become. */
  async passUnheard(days: number): Promise<void> {
    this.far.isPassing = true;
    await this.chaos({ drop: 1 });
    await this.local.advanceTo(this.now() + days * DAY_SECONDS);
    await this.local.settled();
    this.far.isPassing = false;
    this.forgetEvents();
    await this.chaos({ drop: 0 });
    for (const app of this.apps) await app.turnClock(this.local.clock.now());
    for (const app of this.apps) await app.runTasks();
    await this.app.reconcile();
    await this.settled();
  }

  /** Minutes pass, and the apps do what they do every minute. */
  async converge(minutes: readonly number[]): Promise<void> {
    await this.settled();
    for (const app of this.apps) await app.runTasks();
    for (const step of minutes) {
      await this.pass(step * 60);
      for (const app of this.apps) await app.runTasks();
      await this.settled();
    }
  }

  /** SIGKILL to the first app process, and a new start at the same address. */
  async killAndStartAgain(): Promise<void> {
    await this.app.kill();
    await this.app.startAgain();
    await this.app.turnClock(this.local.clock.now());
  }

  /** Waits until every webhook is delivered and worked on; gives up after `seconds` of real time. */
  async settled(seconds = 60): Promise<void> {
    const until = Date.now() + seconds * 1000;
    for (;;) {
      await this.local.settled();
      const { rows } = await this.pool.query<{ n: number }>(
        `select count(*)::int as n from stripe_events where state = 'received'`,
      );
      if (rows[0]!.n === 0 || Date.now() > until) return;
      await pause(20);
    }
  }

  async close(): Promise<void> {
    await this.#clear();
  }
}

async function administer(adminUrl: string, statement: string): Promise<void> {
  const client = new pg.Client(adminUrl);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
