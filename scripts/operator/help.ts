import type { Command, Flags } from './command-types.ts';

/** What `--help` prints: what the command does, how it is typed, and how it ends. */
export function helpOf<F extends Flags>({ name, about, ...command }: Command<F>): string {
  const flags = Object.entries(command.flags ?? {}).map(([flag, spec]): [string, string] => [
    spec.type === 'boolean' ? `--${flag}` : `--${flag} ${spec.value}`,
    spec.type === 'string' && spec.required ? `${spec.about} (needed)` : spec.about,
  ]);
  const own = command.writes
    ? [['--dry-run', 'says what would be done, and does nothing'] as [string, string]]
    : [];
  const options = columns([
    ...flags,
    ...own,
    ['--json', 'prints the answer as JSON'],
    ['--help', 'prints this'],
  ]);
  const examples = columns(
    command.examples.map(([words, what]) => [`npm run ${name}${words && ` -- ${words}`}`, what]),
  );
  const words = command.words ? `\nWords: ${command.words.name}\n` : '';
  return `${about}\n\n${examples}\n${words}\n${options}\n\n${exitsOf(command.exits)}`;
}

const EXITS = [
  '0 done, and all is well',
  '1 it ran, and something needs a person',
  '2 mistyped',
  '3 a setting is missing or wrong',
  '4 the database or Stripe cannot be reached',
];

function exitsOf(own: Command<Flags>['exits'] = []): string {
  return `Exit codes: ${[...EXITS, ...own.map(([code, about]) => `${code} ${about}`)].join('; ')}.`;
}

function columns(rows: [string, string][]): string {
  const width = Math.max(...rows.map(([left]) => left.length)) + 3;
  return rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`).join('\n');
}
