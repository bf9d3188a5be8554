import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { bareEnvironment } from './bare-environment.ts';

export interface Ended {
  code: number;
  said: string;
  complained: string;
}

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  scripts: Record<string, string>;
};

/** What an operator types: the npm script of the name, in a process of its own, with `env` alone. */
export function runOperatorCommand(
  name: string,
  words: string[],
  env: Record<string, string>,
): Promise<Ended> {
  const program = /scripts\/[\w/-]+\.ts/.exec(scripts[name] ?? '')?.[0];
  if (!program) throw new Error(`package.json has no command ${name}.`);
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [program, ...words],
      { env: { ...bareEnvironment(), ...env } },
      (error, said, complained) =>
        resolve({ code: error === null ? 0 : Number(error.code), said, complained }),
    );
  });
}

/** A flag and its value, for a command that is typed without them: none takes the same flag twice. */
export function unlessTyped(words: readonly string[], flag: string, value: string): string[] {
  return words.includes(flag) ? [] : [flag, value];
}
