import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { bareEnvironment } from '../support/bare-environment.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

/** What npm reads of an environment to reach its registry. */
const OF_NPM = /^(npm_config_\w+|https?_proxy|no_proxy|(node_extra_ca|ssl)_\w+)$/i;

/** The commands of the fenced blocks under a heading of a page, in their order, without comments. */
export function commandsUnder(page: string, heading: string): string[] {
  const [, after = ''] = readFileSync(path.join(ROOT, page), 'utf8').split(`\n${heading}\n`);
  const [section = ''] = after.split(/\n## /);
  return [...section.matchAll(/```sh\n([\s\S]*?)```/g)]
    .flatMap(([, block]) => block!.split('\n'))
    .filter((line) => line.startsWith('npm '));
}

/** A folder with the files of this checkout as git would hand them out, and nothing else. */
export function cloneHere(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-road-'));
  const names = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], { cwd: ROOT });
  for (const name of names.toString().split('\0')) {
    const from = path.join(ROOT, name);
    if (name !== '' && existsSync(from)) cpSync(from, path.join(folder, name));
  }
  return folder;
}

/** Where a release is run: its settings are those of its `.env` alone. */
export class Release {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Sets variables in `.env`, as an operator does. */
  set(settings: Record<string, string>): void {
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(path.join(this.folder, '.env'), lines.join(''), { flag: 'a', mode: 0o600 });
  }

  /**
   * What an operator types, with `NODE_ENV=production` in the environment as well; answers what it said.
   * Throws with all of it when its exit code is not 0.
   */
  async type(command: string): Promise<string> {
    const [program = '', ...words] = command.split(' ');
    const itsOwn = Object.entries(process.env).filter(([name]) => OF_NPM.test(name));
    const env = {
      ...Object.fromEntries(itsOwn),
      ...bareEnvironment(),
      ...{ NODE_ENV: 'production', npm_config_prefer_offline: 'true' },
    };
    const { stdout, stderr } = await run(program, words, {
      cwd: this.folder,
      env,
      maxBuffer: 64 * 1024 * 1024,
    }).catch((error: { stdout: string; stderr: string; code: number }) => {
      throw new Error(`${command} ended with ${error.code}:\n${error.stdout}\n${error.stderr}`);
    });
    return stdout + stderr;
  }
}
