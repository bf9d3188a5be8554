import { spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { bareEnvironment } from '../support/bare-environment.ts';

export interface RolledOptions {
  /** What is run, and its words. */
  command: string[];
  /** Where; by default the checkout. */
  folder?: string;
  env: Record<string, string>;
}

/** The product as it is started, by itself or through npm, at an address that stays its own. */
export class RolledProcess {
  readonly url: string;
  readonly #port: number;
  readonly #options: RolledOptions;
  #child: ReturnType<typeof spawn> | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  output = '';

  constructor(port: number, options: RolledOptions) {
    this.#port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.#options = options;
  }

  start(): void {
    const [program, ...words] = this.#options.command;
    const child = spawn(program!, words, {
      cwd: this.#options.folder,
      env: { ...bareEnvironment(), ...this.#options.env, PORT: String(this.#port) },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
    // What npm has left behind holds its pipes.
    this.#ended = new Promise((resolve) => child.once('close', resolve));
    onTestFinished(() => this.#killAll(child.pid!));
  }

  /** SIGTERM, and the end of everything that was started. */
  async stop(): Promise<void> {
    this.#child!.kill('SIGTERM');
    await this.#ended;
  }

  #killAll(group: number): void {
    try {
      process.kill(-group, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}
