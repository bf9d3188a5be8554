import type { Call, FailureRule } from 'local-stripe';
import type { StateName } from './states.ts';
import type { VerbName } from './verbs.ts';

/** What goes wrong at one call. */
export const FAULTS = {
  refused: { status: 500, when: 'before' },
  'rate limited': { status: 429, when: 'before' },
  hangs: { status: 'hang', when: 'before' },
  'hangs after': { status: 'hang', when: 'after', changesOnly: true },
  'answer lost': { status: 500, when: 'after', changesOnly: true },
  killed: { status: 'hang', when: 'before', kills: true },
  'killed after': { status: 'hang', when: 'after', kills: true, changesOnly: true },
} as const satisfies Record<string, Fault>;

interface Fault {
  status: FailureRule['status'];
  when: 'before' | 'after';
  /** SIGKILL to the process while the call hangs. */
  kills?: boolean;
  /** A call that only looks leaves nothing behind: before and after are one. */
  changesOnly?: boolean;
}

export type FaultName = keyof typeof FAULTS;

/** One state, one verb, one of its calls, one fault. `call` counts from 1. */
export interface Case {
  state: StateName;
  verb: VerbName;
  call: number;
  /** What that call is, for the reader. */
  endpoint: string;
  fault: FaultName;
  /** Whether the customer asks again once it is over. */
  again: boolean;
  /** Whether the events of meanwhile come late, or never. */
  late: boolean;
}

/** As one names it on the command line. */
export function nameOf({ state, verb, call, fault }: Case): string {
  return `${state}/${verb}/${call}/${fault}`;
}

/** Every fault at every call that the verb made when nothing failed. */
export function casesOf(state: StateName, verb: VerbName, calls: Call[]): Case[] {
  return calls.flatMap(({ endpoint, method }, at) =>
    (Object.keys(FAULTS) as FaultName[]).flatMap((fault, n) => {
      const { changesOnly = false }: Fault = FAULTS[fault];
      if (changesOnly && (method === 'GET' || endpoint?.endsWith('create_preview'))) return [];
      const choice = at + n + state.length + verb.length;
      const call = at + 1;
      const more = { again: choice % 2 === 0, late: choice % 3 !== 0 };
      return [{ state, verb, call, endpoint: endpoint ?? '', fault, ...more }];
    }),
  );
}

/** The rule that makes it so, for the calls of that customer (or of anybody while alone). */
export function ruleOf(
  { call, fault }: Pick<Case, 'call' | 'fault'>,
  customer: string | null,
): FailureRule {
  const { status, when }: Fault = FAULTS[fault];
  return {
    nth: call,
    status,
    when,
    // The SDK repeats by itself what failed so.
    repeats: 1,
    ...(customer === null ? {} : { match: { customer } }),
    ...(typeof status === 'number' ? { shouldRetry: false } : {}),
  };
}

export function kills({ fault }: Case): boolean {
  const { kills = false }: Fault = FAULTS[fault];
  return kills;
}
