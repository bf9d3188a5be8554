import { nameOf, type Case } from './cases.ts';
import { STATE_NAMES, type StateName } from './states.ts';
import type { Finding } from './state-run.ts';
import { VERB_NAMES, type VerbName } from './verbs.ts';
import type { WorldOptions } from './world.ts';

/** What a run is asked for. */
export interface Wanted {
  states: StateName[];
  verbs: VerbName[];
  /** One case alone, by its name. */
  only: string | null;
  /** So many of each state's cases, spread evenly; all when null. */
  sample: number | null;
  lanes: number;
}

export type Order =
  | {
      do: 'run';
      postgres: WorldOptions['postgres'];
      state: StateName;
      verbs: VerbName[];
      only: string | null;
      sample: number | null;
    }
  | { do: 'stop' };

export type Report =
  | { kind: 'progress'; cases: number; findings: Finding[] }
  | { kind: 'broke'; state: StateName; text: string }
  | { kind: 'done'; state: StateName };

/** Tenants on one stage: enough to share its start, few enough to stay quick. */
const SEATS_MAX = 96;

/** How many tenants it takes to try what an order means. */
export function seatsFor({ only, sample }: Pick<Wanted, 'only' | 'sample'>): number {
  return Math.min(SEATS_MAX, only === null ? (sample ?? SEATS_MAX) : 1);
}

/** The cases that an order means. */
export function casesFor(
  order: { only: string | null; sample: number | null },
  all: Case[],
): Case[] {
  if (order.only !== null) return all.filter((one) => nameOf(one) === order.only);
  if (order.sample === null || order.sample >= all.length) return all;
  const every = all.length / Math.max(order.sample, 1);
  return Array.from({ length: order.sample }, (_, n) => all[Math.floor(n * every)]!);
}

/** Reads the command line, for `lanes` unless it names another number; throws one sentence that says what is wrong with it. */
export function readWanted(args: readonly string[], lanes: number): Wanted {
  const given = new Map<string, string>();
  for (let at = 0; at < args.length; at += 2) {
    const [name, value] = [args[at]!, args[at + 1]];
    if (!/^--(state|from|verb|case|sample|lanes)$/.test(name) || value === undefined) {
      throw new Error(
        `${name}: give --state, --from, --verb, --case, --sample or --lanes with a value.`,
      );
    }
    given.set(name.slice(2), value);
  }
  const only = given.get('case') ?? null;
  const [state = given.get('state'), verb = given.get('verb')] = only?.split('/') ?? [];
  const [from = STATE_NAMES[0]!] = chosen('state', STATE_NAMES, given.get('from'));
  return {
    states: chosen('state', STATE_NAMES.slice(STATE_NAMES.indexOf(from)), state),
    verbs: chosen('verb', VERB_NAMES, verb),
    only: only !== null && only.split('/').length > 2 ? only : null,
    sample: only !== null && only.split('/').length === 2 ? 0 : numberOf(given, 'sample'),
    lanes: numberOf(given, 'lanes') ?? lanes,
  };
}

function chosen<T extends string>(what: string, all: readonly T[], name: string | undefined): T[] {
  if (name === undefined) return [...all];
  const found = all.filter((one) => one === name);
  if (found.length === 0)
    throw new Error(`There is no ${what} "${name}"; there are: ${all.join(', ')}.`);
  return found;
}

function numberOf(given: Map<string, string>, name: string): number | null {
  const text = given.get(name);
  if (text === undefined) return null;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new Error(`--${name} ${text}: it must be a whole number.`);
}
