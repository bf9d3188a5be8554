import { fork, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { freePort } from '../../src/db/embedded/free-port.ts';
import type { TenantActInput } from '../../src/server/services/operators/tenant-acts.ts';

/** What a test asks of a product that runs in a process of its own. */
export type Order =
  | { do: 'clock'; to: string }
  | { do: 'tasks' }
  | { do: 'reconcile' }
  | { do: 'operate'; tenantId: string; input: TenantActInput }
  | { do: 'stop' };

/** What an operator was answered: the status that the page has for it, and the sentence of a refusal. */
export interface Operated {
  status: number;
  said: string;
}

export interface Obeyed {
  error?: string;
  operated?: Operated | undefined;
}

/** The product in a process of its own, which can be killed and started again. */
export class AppProcess {
  readonly url: string;
  readonly #env: Record<string, string>;
  readonly #main: string;
  #child: ChildProcess | undefined;
  #orders = 0;
  readonly #waiting = new Map<number, (obeyed: Obeyed) => void>();

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
    child.on('message', ({ id, ...obeyed }: Obeyed & { id: number }) => {
      this.#waiting.get(id)?.(obeyed);
      this.#waiting.delete(id);
    });
    child.on('exit', () => {
      for (const done of this.#waiting.values()) done({ error: 'The app was killed.' });
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
  async turnClock(to: Date): Promise<void> {
    await this.#ask({ do: 'clock', to: to.toISOString() });
  }

  /** Runs every periodic task once. */
  async runTasks(): Promise<void> {
    await this.#ask({ do: 'tasks' });
  }

  /** Looks at every customer at Stripe, as `npm run reconcile` does. */
  async reconcile(): Promise<void> {
    await this.#ask({ do: 'reconcile' });
  }

  /** Does for a tenant what operators do on their page and by commands. */
  async operate(tenantId: string, input: TenantActInput): Promise<Operated> {
    const operated = await this.#ask({ do: 'operate', tenantId, input });
    if (!operated) throw new Error('The app was killed.');
    return operated;
  }

  #ask(order: Order): Promise<Operated | undefined> {
    const child = this.#child;
    if (!child) return Promise.resolve(undefined);
    const id = (this.#orders += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ error, operated }) =>
        error === undefined ? resolve(operated) : reject(new Error(error)),
      );
      child.send({ id, ...order });
    });
  }
}

/** The product's process of today: in one file, where a run has made one. */
export const appProgram = (): string =>
  process.env.APP_BUNDLE ?? path.resolve(import.meta.dirname, 'app-process.main.ts');
