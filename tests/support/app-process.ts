import { fork, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { freePort } from '../../src/db/embedded/free-port.ts';

/** What a test asks of a product that runs in a process of its own. */
export type Order =
  { do: 'clock'; to: string } | { do: 'tasks' } | { do: 'reconcile' } | { do: 'stop' };

/** The product in a process of its own, which can be killed and started again. */
export class AppProcess {
  readonly url: string;
  readonly #env: Record<string, string>;
  readonly #main: string;
  #child: ChildProcess | undefined;
  #orders = 0;
  readonly #waiting = new Map<number, (error: string | undefined) => void>();

  private constructor(port: number, env: Record<string, string>, main: string) {
    this.#main = main;
    this.url = `http://127.0.0.1:${port}`;
    const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env;
    this.#env = { PATH, NODE_COMPILE_CACHE, ...env, PORT: String(port) };
  }

  /**
   * Starts one on a free port, with nothing else in its environment than `env`. `main` is another
   * version's; else it is today's, in one file where `APP_BUNDLE` names it (`app-bundle.ts`).
   */
  static async start(env: Record<string, string>, main = appProgram()): Promise<AppProcess> {
    const app = new AppProcess(await freePort(), env, main);
    await app.startAgain();
    return app;
  }

  /** Starts it again at its old address, after its end; with `more` in its environment this once. */
  async startAgain(more: Record<string, string> = {}): Promise<void> {
    const child = fork(this.#main, { env: { ...this.#env, ...more } });
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', (code) => reject(new Error(`The app ended with ${code}.`)));
    });
    child.on('message', ({ id, error }: { id: number; error?: string }) => {
      this.#waiting.get(id)?.(error);
      this.#waiting.delete(id);
    });
    child.on('exit', () => {
      for (const done of this.#waiting.values()) done('The app was killed.');
      this.#waiting.clear();
    });
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  /** Lets it end as at a deploy: what is under way is done first. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    await this.#ask({ do: 'stop' });
    child.disconnect();
    await gone;
    this.#child = undefined;
  }

  /** Turns its clock forwards to `to`. */
  turnClock(to: Date): Promise<void> {
    return this.#ask({ do: 'clock', to: to.toISOString() });
  }

  /** Runs every periodic task once. */
  runTasks(): Promise<void> {
    return this.#ask({ do: 'tasks' });
  }

  /** Looks at every customer at Stripe, as `npm run reconcile` does. */
  reconcile(): Promise<void> {
    return this.#ask({ do: 'reconcile' });
  }

  #ask(order: Order): Promise<void> {
    const child = this.#child;
    if (!child) return Promise.resolve();
    const id = (this.#orders += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (error) =>
        error === undefined ? resolve() : reject(new Error(error)),
      );
      child.send({ id, ...order });
    });
  }
}

/** The product's process of today: in one file, where a run has made one. */
export const appProgram = (): string =>
  process.env.APP_BUNDLE ?? path.resolve(import.meta.dirname, 'app-process.main.ts');
