import { setTimeout as pause } from 'node:timers/promises';
import type { Call } from 'local-stripe';
import { kills, ruleOf, type Case } from './cases.ts';
import { eachOf, groupsOf } from './concurrency.ts';
import {
  dayOfIso,
  readAlerts,
  readCharges,
  readMails,
  readPage,
  readRunning,
  type Facts,
} from './facts.ts';
import type { Person } from './person.ts';
import { takeSeats, type Stage } from './stage.ts';
import { ask, payWhereAsked, previewOf, type VerbResult, type VerbName } from './verbs.ts';
import type { World } from './world.ts';

/** One thing to try in a world: a verb, and what goes wrong meanwhile. */
export interface Trial {
  verb: VerbName;
  fault: Case | null;
}

export interface Outcome {
  facts: Facts;
  /** The calls that the verb made. */
  calls: Call[];
}

interface Seat extends Trial {
  before: Facts['before'];
  person: Person;
  customers: string[];
  told: VerbResult;
  again: VerbResult | null;
  calls: Call[];
}

/** A year and most of a month: the yearly renewal is seen, and no renewal falls on the last day. */
const DAYS_WATCHED = 390;
/** The product keeps five connections for what people change; each verb under way holds one. */
const AT_ONCE = 5;

/**
 * How long the product waits for Stripe: not long, so that hanging calls are quick; or longer than
 * it takes to kill it while one hangs.
 */
const PATIENCE = { hasty: '1', patient: '30' } as const;

/**
 * Tries everything on one stage, each for a tenant of its own. Afterwards events come late, the
 * workers run, a year passes, and the facts are gathered.
 */
export async function runBatch(stage: Stage, trials: Trial[]): Promise<Outcome[]> {
  const isKilling = trials.some(({ fault }) => fault !== null && kills(fault));
  const { world } = stage;
  const people = await takeSeats(stage, trials.length, {
    STRIPE_TIMEOUT_SECONDS: PATIENCE[isKilling ? 'patient' : 'hasty'],
  });
  const seats = await eachOf(4, trials, (trial, at) => seat(people[at]!, trial));
  // What the state itself paid lies in an earlier second of Stripe's than what is judged.
  await world.pass(2);
  const since = world.now();
  if (isKilling) await askAndKill(world, seats);
  else await askAll(world, seats);
  await world.chaos({ drop: 0, failNext: [] });
  await deliverLate(world, seats);
  await world.converge([1, 5, 9]);
  await askAgain(world, seats);
  await world.app.reconcile();
  const early = await eachOf(AT_ONCE, seats, (one) => readEarly(one, since));
  await world.passUnheard(DAYS_WATCHED);
  const facts = await eachOf(AT_ONCE, seats, (one, at) => readLate(one, since, early[at]!));
  return seats.map(({ calls }, at) => ({ facts: facts[at]!, calls }));
}

/** Somebody looks at the page, and at what the change would cost. */
async function seat(person: Person, trial: Trial): Promise<Seat> {
  const id = await person.customerId();
  const told = { answer: null, preview: await previewOf(person, trial.verb) };
  const customers = id ? [id] : [];
  const now = person.world.now();
  const { running } = readRunning(person, customers, now);
  const before = { ...(await readPage(person, now)), running };
  return { ...trial, person, customers, before, told, again: null, calls: [] };
}

/** Those without a customer are asked one by one: their calls can be told apart in no other way. */
async function askAll(world: World, seats: Seat[]): Promise<void> {
  const aimed = seats.filter(({ customers }) => customers.length > 0);
  await aim(world, aimed);
  await eachOf(AT_ONCE, aimed, (one) => askOne(world, one));
  for (const one of seats.filter(({ customers }) => customers.length === 0)) {
    await aim(world, [one]);
    await askOne(world, one);
  }
}

async function aim(world: World, seats: Seat[]): Promise<void> {
  const failNext = seats.flatMap(({ fault, customers }) =>
    fault === null ? [] : [ruleOf(fault, customers[0] ?? null)],
  );
  await world.chaos({ failNext });
}

async function askOne(world: World, one: Seat): Promise<void> {
  const { person, verb, told } = one;
  const { calls } = world.local.kernel;
  const from = calls.last;
  one.told = await ask(person, verb, told.preview);
  one.calls = calls.since(from, 10_000).filter((call) => isOf(one, call));
  await payWhereAsked(person, one.told);
}

/** What the product asks by itself, at any time: no verb lists events. */
const CATCH_UP = 'GET /v1/events';

function isOf({ customers }: Pick<Seat, 'customers'>, { endpoint, customer }: Call): boolean {
  return customers.length === 0 ? endpoint !== CATCH_UP : customers.includes(customer ?? '');
}

/** Lets some verbs come to the call where they are to die, kills the process, and starts it again. */
async function askAndKill(world: World, seats: Seat[]): Promise<void> {
  const isAlone = seats.some(({ customers }) => customers.length === 0);
  for (const group of groupsOf(isAlone ? 1 : AT_ONCE, seats)) {
    await aim(world, group);
    const from = world.local.kernel.calls.last;
    const asking = group.map((one) => askOne(world, one));
    const answered = new Set<Seat>();
    asking.forEach((work, at) => void work.then(() => answered.add(group[at]!)));
    const hangs = (one: Seat) =>
      world.local.kernel.calls
        .since(from, 10_000)
        .some((call) => call.fault !== null && isOf(one, call));
    const until = Date.now() + 20_000;
    while (!group.every((one) => answered.has(one) || hangs(one)) && Date.now() < until) {
      await pause(5);
    }
    await world.chaos({ failNext: [] });
    await world.app.kill();
    await Promise.all(asking);
    await world.app.startAgain();
    await world.app.turnClock(world.local.clock.now());
  }
}

/** Events that nobody heard come after all, for some; for the others they never do. */
async function deliverLate(world: World, seats: Seat[]): Promise<void> {
  const late = new Set(
    seats.filter(({ fault }) => fault?.late ?? true).flatMap(({ customers }) => customers),
  );
  const { store } = world.local.kernel;
  for (const { id, event, status } of [...store.oldestFirst('_delivery')]) {
    if (status !== 'dropped') continue;
    const object = store.find('_event', event)?.body.data.object as {
      customer?: string;
      id?: string;
    };
    if (late.has(object.customer ?? object.id ?? '')) world.local.dispatcher.resend(id);
  }
  await world.settled();
}

async function askAgain(world: World, seats: Seat[]): Promise<void> {
  const again = seats.filter(({ fault, told }) => {
    const status = told.answer?.status ?? 503;
    return fault?.again === true && status >= 400;
  });
  if (again.length === 0) return;
  await eachOf(AT_ONCE, again, async (one) => {
    one.again = await ask(one.person, one.verb, await previewOf(one.person, one.verb));
    await payWhereAsked(one.person, one.again);
  });
  await world.converge([1, 5]);
}

async function readEarly(one: Seat, since: number): Promise<Facts> {
  const { person, before, told, again, customers } = one;
  const now = await person.customerId();
  if (now && !customers.includes(now)) customers.push(now);
  const settled = await readPage(person, since);
  const { preview } = again ?? told;
  return {
    before,
    answer: told.answer,
    again: again?.answer ?? null,
    preview,
    nextInvoiceOnDay: dayOfIso(preview?.nextInvoice?.at, since),
    settled,
    mails: await readMails(person, since),
    charges: [],
    ...readRunning(person, customers, since),
    final: settled,
    runningFinally: 0,
    balanceMinor: 0,
    alerts: await readAlerts(person),
  };
}

async function readLate(one: Seat, since: number, early: Facts): Promise<Facts> {
  const { person, customers } = one;
  const { store } = person.world.local.kernel;
  return {
    ...early,
    charges: readCharges(person, customers, since),
    final: await readPage(person, since),
    runningFinally: readRunning(person, customers, since).running,
    balanceMinor: customers.reduce(
      (sum, id) => sum + (store.find('customer', id)?.balance ?? 0),
      0,
    ),
    alerts: await readAlerts(person),
  };
}
