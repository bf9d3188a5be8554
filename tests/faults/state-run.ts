import { runBatch, type Outcome, type Trial } from './batch.ts';
import { casesOf, kills, nameOf, type Case } from './cases.ts';
import { groupsOf } from './concurrency.ts';
import type { Facts } from './facts.ts';
import { brokenAnswers, brokenPromises, type Broken } from './promises.ts';
import { setStage, type Stage } from './stage.ts';
import type { StateName } from './states.ts';
import { VERB_NAMES, type VerbName } from './verbs.ts';
import type { WorldOptions } from './world.ts';

/** What a case of one state came to. */
export interface Finding {
  name: string;
  endpoint: string;
  broken: Broken[];
  facts: Facts;
}

export interface StateRunReport {
  state: StateName;
  cases: number;
  findings: Finding[];
}

export interface StateRunOptions {
  postgres: WorldOptions['postgres'];
  state: StateName;
  /** Which verbs; all unless told. */
  verbs?: readonly VerbName[];
  /** Which of the cases that there are; all unless told. */
  pick?: (all: Case[]) => Case[];
  /** How many tenants share a stage: enough to share the start, few enough to stay quick. */
  seats: number;
  /** Called after each batch with how many cases were tried in it. */
  onProgress?: (cases: number, findings: Finding[]) => void;
}

/** Everything that can go wrong for tenants in one state. */
export async function runState(options: StateRunOptions): Promise<StateRunReport> {
  const { postgres, state } = options;
  const verbs = [...new Set<VerbName>(['nothing', ...(options.verbs ?? VERB_NAMES)])];
  const stage = await setStage(postgres, state, Math.max(options.seats, verbs.length));
  try {
    return await runOn(stage, verbs, options);
  } finally {
    await stage.world.close();
  }
}

async function runOn(
  stage: Stage,
  verbs: VerbName[],
  { state, pick, onProgress }: StateRunOptions,
): Promise<StateRunReport> {
  const plain = await runBatch(
    stage,
    verbs.map((verb) => ({ verb, fault: null })),
  );
  const mirror = new Map(verbs.map((verb, at) => [verb, plain[at]!]));
  const findings = verbs.flatMap((verb) => judgePlain(state, verb, mirror.get(verb)!));
  const all = verbs.flatMap((verb) => casesOf(state, verb, mirror.get(verb)!.calls));
  const cases = pick ? pick(all) : all;
  onProgress?.(verbs.length, findings);
  const undone = mirror.get('nothing')!.facts;
  for (const batch of batchesOf(cases, stage.people.length)) {
    const trials: Trial[] = batch.map((fault) => ({ verb: fault.verb, fault }));
    const outcomes = await runBatch(stage, trials);
    const found = batch.flatMap((one, at) =>
      judge(one, outcomes[at]!.facts, mirror.get(one.verb)!.facts, undone),
    );
    findings.push(...found);
    onProgress?.(batch.length, found);
  }
  return { state, cases: verbs.length + cases.length, findings };
}

/** Those that kill apart from the others: their product is more patient. */
function batchesOf(cases: Case[], seats: number): Case[][] {
  const killing = cases.filter(kills);
  const rest = cases.filter((one) => !kills(one));
  return [...groupsOf(seats, rest), ...groupsOf(seats, killing)];
}

function judgePlain(state: StateName, verb: VerbName, { facts }: Outcome): Finding[] {
  const broken = brokenPromises(verb, facts);
  if (broken.length === 0) return [];
  return [{ name: `${state}/${verb}`, endpoint: 'no fault', broken, facts }];
}

function judge(one: Case, facts: Facts, done: Facts, undone: Facts): Finding[] {
  const broken = [...brokenPromises(one.verb, facts), ...brokenAnswers(facts, done, undone)];
  if (broken.length === 0) return [];
  return [{ name: nameOf(one), endpoint: one.endpoint, broken, facts }];
}
