import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { Stripe } from 'stripe';
import { startLocalStripe, type FailureRule, type LocalStripe } from 'local-stripe';
import { AppProcess } from '../support/app-process.ts';
import { caller, type Caller } from '../support/http.ts';
import { addFault } from '../support/stripe-chaos.ts';
import { Database } from './database.ts';
import { holdingsOf, putBack, WorldClock, type Scene } from './scene.ts';

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
  readonly apps: AppProcess[];
  readonly #clock: WorldClock;
  readonly #far: { isPassing: boolean };
  readonly #database: Database;
  readonly #dataDir: string;

  private constructor(parts: {
    local: LocalStripe;
    apps: AppProcess[];
    clock: WorldClock;
    far: { isPassing: boolean };
    database: Database;
    dataDir: string;
  }) {
    this.local = parts.local;
    this.apps = parts.apps;
    this.#clock = parts.clock;
    this.#far = parts.far;
    this.#database = parts.database;
    this.#dataDir = parts.dataDir;
    this.control = caller(this.local.url);
    this.stripe = new Stripe('sk_test_staff', {
      host: '127.0.0.1',
      port: this.local.port,
      protocol: 'http',
      telemetry: false,
      maxNetworkRetries: 0,
      // A failure that was meant for the product may strike staff: what hangs is given up soon.
      timeout: 3_000,
    });
  }

  static async open(options: WorldOptions): Promise<World> {
    const database = await Database.make(options.postgres);
    const dataDir = mkdtempSync(path.join(tmpdir(), 'squaretable-faults-'));
    const apps: AppProcess[] = [];
    // While long stretches pass, the apps are told the time at their end alone.
    const far = { isPassing: false };
    const clock = new WorldClock((instant) => {
      if (far.isPassing) return;
      for (const app of apps) void app.turnClock(instant).catch(() => undefined);
    });
    const local = await startLocalStripe({ port: 0, clock });
    const env = {
      DATA_DIR: dataDir,
      DATABASE_URL: database.url,
      STRIPE_API_BASE: local.url,
      STRIPE_TIMEOUT_SECONDS: '1',
      LOG_LEVEL: 'silent',
      ...options.env,
    };
    for (let n = 0; n < (options.processes ?? 1); n += 1) apps.push(await AppProcess.start(env));
    return new World({ local, apps, clock, far, database, dataDir });
  }

  get pool(): pg.Pool {
    return this.#database.pool;
  }

  get databaseUrl(): string {
    return this.#database.url;
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
    addFault(this.local, rule);
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
    this.#far.isPassing = true;
    await this.chaos({ drop: 1 });
    await this.local.advanceTo(this.now() + days * DAY_SECONDS);
    await this.local.settled();
    this.#far.isPassing = false;
    this.forgetEvents();
    await this.chaos({ drop: 0 });
    for (const app of this.apps) await app.turnClock(this.local.clock.now());
    // What the first round of tasks finds and orders, the second one does.
    for (let round = 0; round < 2; round += 1) {
      for (const app of this.apps) await app.runTasks();
      await this.settled();
    }
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

  /** Ends the apps, and keeps everything as it is now; `returnTo` goes on from there. */
  async keep(): Promise<Scene> {
    await this.settled();
    await Promise.all(this.apps.map((app) => app.stop()));
    const database = await this.#database.setAside();
    return { database, held: holdingsOf(this.local), at: this.local.clock.now() };
  }

  /** Everything is again as it was then, and the apps start, with `env` in their environment. */
  async returnTo(scene: Scene, env: Record<string, string>): Promise<void> {
    await Promise.all(this.apps.map((app) => app.kill()));
    await this.#database.replaceBy(scene.database);
    this.#clock.turnBackTo(scene.at);
    putBack(this.local, scene.held);
    for (const app of this.apps) {
      await app.startAgain(env);
      await app.turnClock(this.local.clock.now());
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.apps.map((app) => app.kill()));
    await this.local.close();
    await this.#database.drop();
    rmSync(this.#dataDir, { recursive: true, force: true });
  }
}
