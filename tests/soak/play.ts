import { setTimeout as pause } from 'node:timers/promises';
import { ruleOf } from '../faults/cases.ts';
import { eachOf } from '../faults/concurrency.ts';
import { readAlerts, readCharges, readPage, readRunning, type Page } from '../faults/facts.ts';
import type { Charge, Facts } from '../faults/facts.ts';
import { Person } from '../faults/person.ts';
import { ask, payWhereAsked, previewOf, type VerbName } from '../faults/verbs.ts';
import type { World } from '../faults/world.ts';
import { use } from './acts/acts.ts';
import { drawAct, readNow } from './acts/possible.ts';
import { doAction } from './acts/at-stripe.ts';
import { seeWhetherOff } from './acts/top-ups.ts';
import type { History, Round, Step, Stretch } from './history.ts';
import { notKept } from './kept.ts';
import { chargesForUse, topUpsOpen, wrongMoney } from './money.ts';
import { overSpent } from './spending.ts';
import { toldNothing, type Told } from './told.ts';
import { differencesOf } from './verification.ts';

/** What an observer has of one history. */
export interface Played {
  /** What was drawn, and what then happened. */
  history: History;
  /** Which acts took effect, once each time. */
  effects: string[];
  /** Answers that nobody may get. */
  errors: string[];
  /** How often somebody asked, by the status of the answer; 0 where none came. */
  statuses: number[];
  /** Fifteen minutes after the last fault, with nobody's help. */
  settled: Page;
  running: Facts['running'];
  atStripe: Facts['atStripe'];
  /** Where use, and the money for it, do not balance a year later. */
  differences: string[];
  /** Charges for the subscription since then, a year long; days count from then. */
  charges: Charge[];
  final: Page;
  runningFinally: number;
  alerts: string[];
  /** What was asked last with success, where that was to leave. */
  leftWith: VerbName | null;
}

interface Player {
  person: Person;
  history: History;
  customers: Set<string>;
  errors: string[];
  statuses: number[];
  leftWith: VerbName | null;
  effects: string[];
  told: Told;
}

/** Minutes of product time after the last fault: by then everything has come right. */
const MINUTES = [1, 4, 5, 5];
const DAYS_WATCHED = 390;

/** Mostly they wait, for calls that hang; and a process that is killed dies on as many. */
const AT_ONCE = 20;

/** Plays all histories of a round side by side in one world, and looks what became of each. */
export async function playRound(world: World, round: Round): Promise<Played[]> {
  const players = await eachOf(4, round.histories, async (history): Promise<Player> => {
    const person = await Person.register(world);
    const nothing = { customers: new Set<string>(), errors: [], statuses: [], leftWith: null };
    return { ...{ person, history: [...history], ...nothing }, effects: [], told: toldNothing() };
  });
  for (const [at, stretch] of round.stretches.entries())
    await playStretch(world, players, stretch, at);
  await world.chaos({ duplicate: 0, shuffle: 0, drop: 0, failNext: [] });
  await world.converge(MINUTES);
  const since = world.now();
  const early = await eachOf(AT_ONCE, players, async ({ person, customers }) => {
    const now = await person.customerId();
    if (now) customers.add(now);
    return {
      settled: await seePage(person, since),
      ...readRunning(person, [...customers], since),
    };
  });
  await world.passUnheard(DAYS_WATCHED);
  await world.converge(MINUTES);
  for (const player of players) await seeNow(player);
  const differences = await differencesOf(world);
  return eachOf(
    AT_ONCE,
    players,
    async ({ person, customers, history, effects, errors, statuses, leftWith, told }, at) => ({
      ...{ history, effects, errors, statuses, leftWith },
      ...early[at]!,
      differences: [
        ...(differences.get(person.tenantId) ?? []),
        ...(await wrongMoney(person, [...customers])),
        ...(await overSpent(person, told)),
        ...(await notKept(person, told)),
      ],
      charges: readCharges(person, [...customers], since, chargesForUse(person)),
      final: await seePage(person, since),
      runningFinally: readRunning(person, [...customers], since).running,
      alerts: await readAlerts(person),
    }),
  );
}

/** As the page does it: what is away for a moment is asked for again. */
async function seePage(person: Person, since: number): Promise<Page> {
  for (let left = 5; ; left -= 1) {
    const page = await readPage(person, since);
    if (page.status !== 503 || left === 0) return page;
    await pause(1_000);
  }
}

async function playStretch(
  world: World,
  players: Player[],
  { deliveryFaults, kills, days }: Stretch,
  at: number,
): Promise<void> {
  await world.chaos(deliveryFaults);
  const playing = eachOf(AT_ONCE, players, async (player) => {
    const steps = player.history[at] ?? [];
    const happened: typeof steps = (player.history[at] = []);
    for (const step of steps) {
      const fixed = await fix(player, step);
      happened.push(fixed);
      await playStep(world, player, fixed);
    }
  });
  if (kills !== null) {
    await pause(150);
    await world.apps[kills]!.kill();
    await playing;
    await world.apps[kills]!.startAgain();
    await world.apps[kills]!.turnClock(world.local.clock.now());
  }
  await playing;
  // The minute's tasks meet what still fails.
  await world.apps[at % world.apps.length]!.runTasks();
  await world.chaos({ failNext: [] });
  for (const player of players) await seeNow(player);
  if (days > 0) await world.passDays(days);
}

/** What must hold at any moment, not at the end alone. */
async function seeNow({ person, told }: Player): Promise<void> {
  await seeWhetherOff(person, told);
  const open = await topUpsOpen(person);
  if (open > 1) told.broken.push(`${open} top-ups are open at once`);
}

type FixedStep = Exclude<Step, { kind: 'draw' }>;

/** What is drawn is decided when its turn comes, by what is possible then. */
async function fix({ person, told }: Player, step: Step): Promise<FixedStep> {
  if (step.kind !== 'draw') return step;
  const { draw, process, fault } = step;
  return { kind: 'use', act: drawAct(draw, await readNow(person, told)), process, fault };
}

async function playStep(world: World, player: Player, step: FixedStep): Promise<void> {
  const { person, customers } = player;
  const customer = await person.customerId();
  if (customer) customers.add(customer);
  if (step.kind === 'staff') {
    // Staff who take an end back have taken back what the customer was told.
    if (!(await doAction(person, step.action))) return;
    player.effects.push(step.action);
    if (step.action === 'take the end back') player.leftWith = null;
    return;
  }
  const through = person.through(step.process);
  if (step.kind === 'use') {
    if (step.fault && customer) world.addRule(ruleOf(step.fault, customer));
    const status = await use(through, step.act, player.told);
    if (status > 0) player.statuses.push(status);
    if (status >= 200 && status < 400) player.effects.push(step.act);
    if (status >= 500 && status !== 503) player.errors.push(`${step.act}: ${status}`);
    return;
  }
  const preview = await previewOf(through, step.verb).catch(() => null);
  if (step.fault && customer) world.addRule(ruleOf(step.fault, customer));
  const asking = step.twice ? [1, 2] : [1];
  const answers = await Promise.all(asking.map(() => ask(through, step.verb, preview)));
  for (const told of answers) {
    const status = told.answer?.status ?? 0;
    player.statuses.push(status);
    if (status >= 500 && status !== 503) player.errors.push(`${step.verb}: ${told.answer!.text}`);
    await payWhereAsked(person, told).catch(() => undefined);
    if (status === 0 || status >= 300) {
      // It may have happened all the same: then who was told that it ends was told by nobody.
      if (status !== 409 && status !== 402) player.leftWith = null;
      continue;
    }
    player.effects.push(step.verb);
    if (step.verb === 'cancel' || step.verb === 'cancel now') player.leftWith = step.verb;
    else if (!['preview', 'portal', 'sync'].includes(step.verb)) player.leftWith = null;
  }
}
