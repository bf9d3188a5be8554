/** A flag that may be typed after a command's name. */
export type Flag =
  | { type: 'boolean'; about: string; with?: string }
  | {
      type: 'string';
      value: string;
      about: string;
      required?: true;
      /** The flag without which it says nothing. */
      with?: string;
      /** How many characters it takes, without blanks around them; a word of any length unless told. */
      length?: { min: number; max: number };
    };
export type Flags = Record<string, Flag>;

export type Values<F extends Flags> = {
  [K in keyof F]: F[K]['type'] extends 'boolean'
    ? boolean
    : F[K] extends { required: true }
      ? string
      : string | undefined;
};

export interface Input<F extends Flags> {
  values: Values<F>;
  /** Arguments without a flag. */
  words: string[];
  /** Nothing is to be written; only commands with `writes` have the flag. */
  dryRun: boolean;
  /** Prints a line of progress; not part of the result. */
  progress(line: string): void;
}

export interface Result {
  /** For people. Text of customers stands in them: none of it becomes a line of its own, or moves a cursor. */
  lines: string[];
  /** The same for programs: what `--json` prints. */
  data: Record<string, unknown>;
  /** Something is left for a person to look at: the command exits with 1 unless `exit` says otherwise. */
  needsPerson?: boolean;
  /** One of the command's own exit codes, which says what that is. */
  exit?: number;
}

export interface Command<F extends Flags> {
  /** As npm knows it. */
  name: string;
  /** What it does, in a sentence. */
  about: string;
  /** What may be typed after the name, and what that does. */
  examples: [words: string, about: string][];
  flags?: F;
  /** Words without a flag, where it takes any. */
  words?: { name: string; max: number };
  /** Exit codes of its own, from 10 on, and what each says. */
  exits?: [code: number, about: string][];
  /** It changes something, so it offers `--dry-run`. */
  writes?: true;
  run(input: Input<F>): Promise<Result>;
}
