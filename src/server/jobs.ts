import { sql } from 'drizzle-orm';
import { fromDrizzle, PgBoss, type JobWithMetadata, type QueueOptions } from 'pg-boss';
import type { Tx } from '../db/client.ts';
import { JobDatabase } from '../db/job-database.ts';
import { errorText } from './log/error-text.ts';
import type { Logger } from './log.ts';

export interface JobsOptions {
  databaseUrl: string;
  log: Logger;
}

export interface WorkOptions {
  /**
   * `standard` unless told; `short`: at most one waiting job for each `singletonKey` (one under way
   * holds nothing back); `exclusive`: at most one waiting or under way.
   */
  policy?: 'standard' | 'short' | 'exclusive';
  /** Jobs of this queue under way at once in this process; 1 unless told. */
  concurrency?: number;
  /** Tries after the first, with growing delays between; 5 unless told. */
  retryLimit?: number;
  /** The first of those delays; 1 s unless told. */
  retryDelaySeconds?: number;
  /** Longest time one try may take; 60 s unless told. */
  expireInSeconds?: number;
  /** Gets the data of a job whose tries are used up. */
  onDead?: (data: unknown, error: string) => Promise<void>;
}

export interface SendOptions {
  /** Sends within this transaction: the job exists exactly when the transaction commits. */
  tx?: Tx;
  /** Tells jobs of a `short` or `exclusive` queue apart. */
  singletonKey?: string;
  startAfterSeconds?: number;
}

export type JobHandler<T> = (data: T, signal: AbortSignal) => Promise<void>;

interface Registration {
  name: string;
  handler: JobHandler<never>;
  options: WorkOptions;
  cron: string | undefined;
}

/**
 * A periodic task holds a lease that its process renews: one whose process died is seen after
 * heartbeat and supervision, and taken over by another within 60 s.
 */
const HEARTBEAT_SECONDS = 15;
const SUPERVISE_SECONDS = 10;
const TAKEOVERS_MAX = 10;

/**
 * The job queue: durable, retried, and once across processes. Handlers are registered before
 * `start`; a queue is created by its registration, so `send` to an unregistered name throws.
 * It has a small pool of its own, because its LISTEN connection must not wait behind ours.
 */
export class Jobs {
  readonly #boss: PgBoss;
  readonly #database: JobDatabase;
  readonly #log: Logger;
  readonly #registrations = new Map<string, Registration>();
  #state: 'new' | 'started' | 'stopped' = 'new';

  constructor({ databaseUrl, log }: JobsOptions) {
    this.#log = log;
    // While all stops, connections end in whichever way they were.
    const warn = (err: unknown, what: string) => {
      if (this.#state !== 'stopped') log.warn({ err }, what);
    };
    this.#database = new JobDatabase(databaseUrl, (err) => {
      warn(err, 'a connection of the job queue broke');
    });
    this.#boss = new PgBoss({
      db: this.#database,
      useListenNotify: true,
      superviseIntervalSeconds: SUPERVISE_SECONDS,
      monitorIntervalSeconds: SUPERVISE_SECONDS,
    });
    this.#boss.on('error', (err) => warn(err, 'job queue'));
    this.#boss.on('warning', (warning) => log.debug({ warning }, 'job queue'));
  }

  get ready(): boolean {
    return this.#state === 'started';
  }

  /** Registers the handler of a queue. */
  work<T extends object>(name: string, handler: JobHandler<T>, options: WorkOptions = {}): void {
    this.#register({ name, handler: handler as JobHandler<never>, options, cron: undefined });
  }

  /**
   * Registers a periodic task: `cron` in UTC, run in one process at a time. One that fails waits for its
   * next time; one whose process dies is begun again by another.
   */
  every(name: string, cron: string, task: (signal: AbortSignal) => Promise<void>): void {
    const handler: JobHandler<object> = (_data, signal) => task(signal);
    this.#register({
      name,
      handler,
      options: { policy: 'exclusive', retryLimit: TAKEOVERS_MAX, expireInSeconds: 900 },
      cron,
    });
  }

  #register(registration: Registration): void {
    if (this.#state !== 'new') throw new Error(`Register ${registration.name} before start.`);
    this.#registrations.set(registration.name, registration);
  }

  /** Runs every periodic task once, here and now: for when the clock was turned. */
  async runPeriodicTasks(signal: AbortSignal): Promise<void> {
    for (const { name, handler, cron } of this.#registrations.values()) {
      if (cron === undefined) continue;
      await handler({} as never, signal).catch((err: unknown) => {
        this.#log.warn({ err, job: name }, 'periodic task failed');
      });
    }
  }

  async start(): Promise<void> {
    this.#database.open();
    await this.#boss.start();
    for (const registration of this.#registrations.values()) await this.#open(registration);
    this.#state = 'started';
  }

  async #open({ name, handler, options, cron }: Registration): Promise<void> {
    const queue: QueueOptions & { notify: boolean } = {
      retryLimit: options.retryLimit ?? 5,
      retryDelay: options.retryDelaySeconds ?? 1,
      // However many processes died of a periodic task, the next takes it over as soon as the first did.
      retryBackoff: cron === undefined,
      expireInSeconds: options.expireInSeconds ?? 60,
      deleteAfterSeconds: 24 * 3600,
      notify: true,
      ...(cron ? { heartbeatSeconds: HEARTBEAT_SECONDS } : {}),
    };
    await this.#boss.createQueue(name, { ...queue, policy: options.policy ?? 'standard' });
    await this.#boss.updateQueue(name, queue);
    for (let worker = 0; worker < (options.concurrency ?? 1); worker += 1) {
      await this.#openWorker(name, handler, options, cron !== undefined);
    }
    if (cron) await this.#boss.schedule(name, cron, null, { tz: 'UTC' });
    else await this.#boss.unschedule(name).catch(() => undefined);
  }

  async #openWorker(
    name: string,
    handler: JobHandler<never>,
    options: WorkOptions,
    periodic: boolean,
  ): Promise<void> {
    const workerId: string = await this.#boss.work(
      name,
      {
        pollingIntervalSeconds: 2,
        notifyPollingIntervalSeconds: 5,
        includeMetadata: true as const,
      },
      async ([job]: JobWithMetadata<object>[]) => {
        if (!job) return;
        // Jobs that came in a burst have had their NOTIFY: without this the worker would take one
        // of them and sleep beside the rest.
        this.#boss.notifyWorker(workerId);
        try {
          await handler(job.data as never, job.signal);
        } catch (err) {
          await this.#failed(job, options, err);
          if (!periodic) throw err;
        }
      },
    );
  }

  async #failed(job: JobWithMetadata, options: WorkOptions, err: unknown): Promise<void> {
    const dead = job.retryCount >= job.retryLimit;
    this.#log.warn({ err, job: job.name, try: job.retryCount + 1, dead }, 'job failed');
    if (!dead || !options.onDead) return;
    await options.onDead(job.data, errorText(err)).catch((error: unknown) => {
      this.#log.error({ err: error, job: job.name }, 'dead letter not written');
    });
  }

  /** Returns false when a job with the same `singletonKey` is there already and the policy minds. */
  async send(name: string, data: object, options: SendOptions = {}): Promise<boolean> {
    const id = await this.#boss.send(name, data, {
      ...(options.singletonKey === undefined ? {} : { singletonKey: options.singletonKey }),
      ...(options.startAfterSeconds === undefined ? {} : { startAfter: options.startAfterSeconds }),
      ...(options.tx === undefined ? {} : { db: fromDrizzle(options.tx as never, sql as never) }),
    });
    return id !== null;
  }

  /** Waits up to 10 s for jobs under way; those not done are tried again by the next process. */
  async stop(): Promise<void> {
    if (this.#state !== 'started') return;
    this.#state = 'stopped';
    await this.#boss.stop({ graceful: true, timeout: 10_000 });
    await this.#database.close();
  }
}
