import { VERB_NAMES, type VerbName } from '../faults/verbs.ts';
import { FAULTS, type FaultName } from '../faults/cases.ts';
import type { UseAct } from './acts/acts.ts';
import type { Draw } from './acts/possible.ts';
import { STAFF_ACTIONS, type StaffAction } from './acts/at-stripe.ts';

/** One thing that happens to a tenant. */
export type Step =
  | { kind: 'ask'; verb: VerbName; twice: boolean; process: number; fault: StepFault | null }
  | { kind: 'use'; act: UseAct; process: number; fault: StepFault | null }
  /** One of the acts that find something to do then. */
  | { kind: 'draw'; draw: Draw; process: number; fault: StepFault | null }
  | { kind: 'staff'; action: StaffAction };

export interface StepFault {
  /** At which of the verb's calls, from 1; beyond its last one nothing fails. */
  call: number;
  fault: FaultName;
}

/** How Stripe's events are delivered meanwhile. Rates are 0 to 1. */
export interface DeliveryFaults {
  duplicate: number;
  shuffle: number;
  drop: number;
}

/** A stretch of everybody's time: how events fare, who is killed, how many days pass after it. */
export interface Stretch {
  deliveryFaults: DeliveryFaults;
  /** The process that gets SIGKILL in the middle; null for none. */
  kills: number | null;
  days: number;
}

/** What happens to one tenant in each stretch. */
export type History = Step[][];

export interface Round {
  stretches: Stretch[];
  histories: History[];
}

const STRETCHES = 5;
const asking = (verb: VerbName): Step => ({
  ...{ kind: 'ask', verb, twice: false, process: 0, fault: null },
});
const staff = (action: StaffAction): Step => ({ kind: 'staff', action });
const using = (act: UseAct): Step => ({ kind: 'use', act, process: 0, fault: null });
/** All of Team's pictures of a month are used, and some that are billed afterwards. */
const BEYOND: Step[] = [
  asking('sync'),
  using('agree to 300 of overage'),
  using('use 5,100 pictures'),
];
/** With that so much is owed that it is billed at once. */
const HELD: Step[] = [using('use 40 pictures'), using('staff hold what is billed next')];
/**
 * How a history may go, a line a stretch, among what chance adds: by chance alone hardly anybody comes so far.
 */
const STORIES: Step[][][] = [
  [],
  [],
  [BEYOND],
  [BEYOND, [], [using('agree to 10 of overage'), using('use 600 pictures')]],
  [BEYOND, HELD, [using('staff release the bill')]],
  [BEYOND, HELD, [using('staff write the bill off')]],
  [
    BEYOND,
    [staff('card fails from now on'), using('use 40 pictures')],
    [staff('card is good again'), using('pay what is open')],
  ],
  [[asking('downgrade')], [], [asking('preview')], [asking('preview')], [asking('preview')]],
  [[using('top up by itself')], [using('use 40 pictures')], [using('top up no more')]],
  [
    [using('top up by itself, the bank will ask')],
    [using('confirm the top-up by the mail’s link'), using('use 40 pictures')],
    [using('confirm the top-up by the mail’s link')],
  ],
  [[using('top up by itself, the bank will ask')], [using('top up no more')]],
  [[using('top up by itself, the bank will ask')], [using('refuse the top-up at the bank')]],
  [[using('top up by itself'), using('top up no more, while one is begun')]],
  [[using('top up by itself, the card will fail')], [using('save a good card')]],
  [[using('a rule of 12 a day'), using('buy a small pack by card')], [using('no rule any more')]],
  [[using('buy a pack, and leave at the bank')], [using('come back to the bank')]],
  [[using('hold 300 pictures for a day')], [using('record a part of what is held')]],
  [
    [asking('sync'), using('let somebody in'), using('a member may use 60 pictures')],
    [using('a member uses 4 pictures, eight times at once'), using('a member uses 30 pictures')],
    [using('a member leaves, with 3 pictures held'), using('record more than is held')],
  ],
  [
    [asking('sync'), using('let somebody in'), using('a member holds 4 pictures for a day')],
    [using('a member may use 10 pictures'), using('a member uses 4 pictures, eight times at once')],
    [using('let somebody in'), using('a member may use none'), using('a member uses 4 pictures')],
    [using('the owner takes a member out'), using('work of who is gone goes on')],
  ],
];
export const VERBS = VERB_NAMES.filter((one) => one !== 'nothing' && one !== 'delete tenant');

/** So many histories are played side by side, in a world of their own. */
const ROUND = 40;

/** Histories in rounds, whose seeds count up from `seed`. */
export function makeRounds(seed: number, runs: number): { seed: number; round: Round }[] {
  return Array.from({ length: Math.ceil(runs / ROUND) }, (_, at) => ({
    seed: seed + at,
    round: makeRound(seed + at, Math.min(ROUND, runs - at * ROUND)),
  }));
}

/** Equal seeds make equal rounds. */
export function makeRound(seed: number, size: number): Round {
  const chance = chanceFrom(seed);
  return {
    stretches: Array.from({ length: STRETCHES }, () => makeStretch(chance)),
    histories: Array.from({ length: size }, () => makeHistory(chance)),
  };
}

function makeStretch(chance: Chance): Stretch {
  return {
    deliveryFaults: {
      duplicate: pick(chance, [0, 0.5, 1]),
      shuffle: pick(chance, [0, 1]),
      drop: pick(chance, [0, 0, 0.5, 1]),
    },
    kills: pick(chance, [null, null, 0, 1]),
    days: pick(chance, [0, 0, 1, 12, 31, 40]),
  };
}

function makeHistory(chance: Chance): History {
  const story = pick(chance, STORIES);
  return Array.from({ length: STRETCHES }, (_, at) => {
    const steps = Array.from({ length: pick(chance, [0, 1, 2, 3, 4]) }, () => makeStep(chance));
    const first = at === 0 && chance() < 0.9 ? [asking('checkout')] : [];
    return [...first, ...(story[at] ?? []), ...steps];
  });
}

function makeStep(chance: Chance): Step {
  const kind = chance();
  if (kind < 0.2) return { kind: 'staff', action: pick(chance, STAFF_ACTIONS) };
  if (kind < 0.6) {
    const draw = { seldom: chance(), group: chance(), act: chance() };
    return { kind: 'draw', draw, process: pick(chance, [0, 1]), fault: makeFault(chance, 0.3) };
  }
  return {
    kind: 'ask',
    verb: pick(chance, VERBS),
    twice: chance() < 0.15,
    process: pick(chance, [0, 1]),
    fault: makeFault(chance, 0.35),
  };
}

function makeFault(chance: Chance, share: number): StepFault | null {
  if (chance() >= share) return null;
  const names = Object.keys(FAULTS).filter((one) => !one.startsWith('killed')) as FaultName[];
  return { call: 1 + Math.floor(chance() * 8), fault: pick(chance, names) };
}

type Chance = () => number;

function pick<T>(chance: Chance, all: readonly T[]): T {
  return all[Math.floor(chance() * all.length)]!;
}

/** Mulberry32: numbers from 0 to 1 that follow from the seed. */
function chanceFrom(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One line a stretch, as a person reads it. */
export function describeHistory(stretches: readonly Stretch[], history: History): string {
  return history
    .map((steps, at) => {
      const { deliveryFaults, kills, days } = stretches[at]!;
      const sky = Object.entries(deliveryFaults)
        .filter(([, rate]) => rate > 0)
        .map(([name, rate]) => `${name} ${rate}`);
      const around = [
        ...(sky.length > 0 ? [`events: ${sky.join(', ')}`] : []),
        ...(kills === null ? [] : [`process ${kills} killed`]),
        ...(days > 0 ? [`then ${days} days`] : []),
      ];
      return `  ${at + 1}. ${steps.map(describeStep).join('; ') || 'nothing'} (${around.join('; ') || 'calm'})`;
    })
    .join('\n');
}

function describeStep(step: Step): string {
  if (step.kind === 'staff') return `staff: ${step.action}`;
  const { process, fault } = step;
  const name =
    step.kind === 'ask' ? step.verb : step.kind === 'use' ? step.act : 'whatever can be done';
  const more = [
    ...(step.kind === 'ask' && step.twice ? ['twice at once'] : []),
    ...(fault ? [`call ${fault.call} ${fault.fault}`] : []),
    `process ${process}`,
  ];
  return `${name} [${more.join(', ')}]`;
}
