import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { BillingError, SetUpError } from '../../src/domain/errors.ts';
import { onOneLine } from '../../src/domain/storable.ts';
import { ConfigError } from '../../src/server/config/env.ts';
import { errorText } from '../../src/server/log/error-text.ts';
import type { Command, Flag, Flags, Input, Values } from './command-types.ts';
import { readFileError } from './file-error.ts';
import { helpOf } from './help.ts';
import { readUnreached } from './unreached.ts';

/** How a command ends. The same table stands in every `--help`. */
export const EXIT = { done: 0, needsPerson: 1, mistyped: 2, setting: 3, away: 4 } as const;

/** What was typed makes no sense; the usage is printed with it. */
export class CommandUsageError extends Error {
  override readonly name = 'CommandUsageError';
}

/** What is printed, and the exit code. */
export interface Ended {
  exit: number;
  said: string;
  complained?: string;
}

/** Runs the command with what was typed after it, prints what came of it, and sets the exit code. */
export async function runCommand<const F extends Flags>(command: Command<F>): Promise<void> {
  // What a command writes, an archive say, is its operator's alone.
  process.umask(0o077);
  const { exit, said, complained } = await execute(command, process.argv.slice(2));
  if (said) console.log(said);
  if (complained) console.error(complained);
  process.exitCode = exit;
}

/** The same without printing. Never rejects. */
export async function execute<const F extends Flags>(
  command: Command<F>,
  typed: string[],
): Promise<Ended> {
  if (typed.some((word) => word === '--help' || word === '-h')) {
    return { exit: EXIT.done, said: helpOf(command) };
  }
  const json = typed.includes('--json');
  try {
    const {
      lines,
      data,
      exit,
      needsPerson = exit !== undefined,
    } = await command.run(readInput(command, typed));
    return {
      exit: exit ?? (needsPerson ? EXIT.needsPerson : EXIT.done),
      said: json
        ? JSON.stringify({ ok: !needsPerson, ...data }, null, 2)
        : lines.map(onOneLine).join('\n'),
    };
  } catch (thrown) {
    const { exit, sentence: whole } = readFailure(thrown);
    const sentence = whole.split('\n').map(onOneLine).join('\n');
    return {
      exit,
      said: json ? JSON.stringify({ ok: false, error: sentence }, null, 2) : '',
      complained: exit === EXIT.mistyped ? `${sentence}\n\n${helpOf(command)}` : sentence,
    };
  }
}

function readInput<F extends Flags>(command: Command<F>, typed: string[]): Input<F> {
  const options: ParseArgsOptionsConfig = { json: { type: 'boolean' } };
  if (command.writes) options['dry-run'] = { type: 'boolean' };
  for (const [name, flag] of Object.entries<Flag>(command.flags ?? {})) {
    options[name] = { type: flag.type };
  }
  const { values, positionals } = parseTyped(typed, options);
  const allowed = command.words?.max ?? 0;
  if (positionals.length > allowed) {
    throw new CommandUsageError(`"${positionals[allowed]}" is one word too many.`);
  }
  for (const [name, flag] of Object.entries<Flag>(command.flags ?? {})) {
    if (flag.with && name in values && !(flag.with in values)) {
      throw new CommandUsageError(`--${name} goes with --${flag.with}.`);
    }
  }
  for (const [name, flag] of Object.entries<Flag>(command.flags ?? {})) {
    if (flag.type === 'boolean') values[name] ??= false;
    else assertTyped(name, flag, values[name] as string | undefined);
  }
  return {
    values: values as Values<F>,
    words: positionals,
    dryRun: values['dry-run'] === true,
    progress: (line) => console.error(line),
  };
}

function assertTyped(
  name: string,
  { value, required, length }: Extract<Flag, { type: 'string' }>,
  typed: string | undefined,
): void {
  if (required && !typed) throw new CommandUsageError(`Say --${name} ${value}.`);
  const characters = typed?.trim().length;
  if (!length || characters === undefined) return;
  if (characters < length.min || characters > length.max) {
    throw new CommandUsageError(`--${name} takes ${length.min} to ${length.max} characters.`);
  }
}

/** The flags and words that were typed. Of a flag that is there twice nobody knows which was meant. */
function parseTyped(args: string[], options: ParseArgsOptionsConfig) {
  const { values, positionals, tokens } = readFlags(args, options);
  const names = tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []));
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice !== undefined) throw new CommandUsageError(`--${twice} is there twice.`);
  return { values: { ...values } as Record<string, unknown>, positionals };
}

function readFlags(args: string[], options: ParseArgsOptionsConfig) {
  try {
    return parseArgs({ args, options, allowPositionals: true, tokens: true });
  } catch (error) {
    throw new CommandUsageError((error as Error).message.split(/\.\s/)[0] + '.');
  }
}

function readFailure(thrown: unknown): { exit: number; sentence: string } {
  // What was typed is told whole to who typed it.
  if (thrown instanceof CommandUsageError) return { exit: EXIT.mistyped, sentence: thrown.message };
  const sentence = errorText(thrown);
  if (thrown instanceof ConfigError) return { exit: EXIT.setting, sentence };
  const ofFile = readFileError(thrown);
  if (ofFile) return { exit: EXIT.needsPerson, sentence: ofFile };
  const unreached = readUnreached(thrown) ?? readUnreached((thrown as Error | undefined)?.cause);
  if (thrown instanceof SetUpError) {
    return { exit: unreached?.isSetting === false ? EXIT.away : EXIT.setting, sentence };
  }
  if (unreached) {
    // Ours says what became of it: that a thing is done later by itself, and is not to be repeated.
    const ours = thrown instanceof BillingError ? `${sentence} ` : '';
    return {
      exit: unreached.isSetting ? EXIT.setting : EXIT.away,
      sentence: `${ours}${unreached.sentence}`,
    };
  }
  return { exit: EXIT.needsPerson, sentence };
}
