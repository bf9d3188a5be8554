import type { Charge, Facts, Page } from './facts.ts';
import type { VerbName } from './verbs.ts';

/** What was broken, in a sentence that says which promise. */
export type Broken = string;

const LEAVING: ReadonlySet<VerbName> = new Set(['cancel', 'cancel now', 'delete tenant']);
const LOOKING: ReadonlySet<VerbName> = new Set(['nothing', 'preview', 'portal', 'sync']);
/** Two sums are one: the clocks tick, so prorations differ by a moment. */
const CLOSE_MINOR = 10;

const ok = (answer: Facts['answer']) =>
  answer !== null && answer.status >= 200 && answer.status < 300;

const isAcknowledged = (facts: Facts) => ok(facts.answer) || ok(facts.again);

/** What must hold of every case, whatever else happened. */
export function brokenPromises(verb: VerbName, facts: Facts): Broken[] {
  return [
    ...neverOurFault(facts),
    ...wasLetIn(verb, facts),
    ...leavingWorks(verb, facts),
    ...nothingAfterTheEnd(verb, facts),
    ...mailsAreTrue(verb, facts),
    ...announcedIsCharged(verb, facts),
    ...moneyGives(facts),
    ...nothingIsLost(verb, facts),
    ...pageIsTrue(verb, facts),
  ];
}

function neverOurFault({ answer, again, settled, final }: Facts): Broken[] {
  const statuses = [answer?.status, again?.status, settled.status, final.status];
  return statuses.some((status) => status !== undefined && status >= 500 && status !== 503)
    ? [`answered 500: ${answer?.text ?? ''} ${again?.text ?? ''}`]
    : [];
}

/** Who is a stranger proves nothing: everybody is let in, until their team is deleted. */
function wasLetIn(verb: VerbName, { answer, settled, final }: Facts): Broken[] {
  if (answer?.status === 401) return [`not let in: ${answer.text}`];
  if (verb === 'delete tenant') return [];
  const closed = [settled, final].filter(({ status }) => status !== 200);
  return closed.map(({ status }) => `the page answers ${status}`);
}

function leavingWorks(verb: VerbName, facts: Facts): Broken[] {
  if (!LEAVING.has(verb) || isAcknowledged(facts)) return [];
  const { status } = facts.answer ?? { status: 0 };
  // Away is away; anything else is a door that stays shut.
  if (status === 0 || status === 503 || facts.running === 0) return [];
  return [`promise 2: cannot leave: ${facts.answer?.text}`];
}

function nothingAfterTheEnd(verb: VerbName, facts: Facts): Broken[] {
  const { settled, charges } = facts;
  const broken: Broken[] = [];
  const end = verb === 'delete tenant' && isAcknowledged(facts) ? 0 : settled.endsOnDay;
  const left = LEAVING.has(verb) && isAcknowledged(facts);
  if (left && verb !== 'delete tenant' && settled.state !== 'canceled' && end === null) {
    broken.push(`promise 1: told that it is cancelled, and the page says that it renews`);
  }
  const deadline = end ?? (left ? 0 : null);
  if (deadline === null) return broken;
  const late = charges.filter((one) => one.day > Math.max(deadline, 0) && net(one) > 0);
  if (late.length > 0) broken.push(`promise 2: ends on day ${deadline}, charged ${list(late)}`);
  return broken;
}

/** A mail that names an end is the last word, unless something was asked for that takes it back. */
function mailsAreTrue(verb: VerbName, { mails, charges }: Facts): Broken[] {
  const end = /ends on day (-?\d+)/.exec(mails.at(-1) ?? '')?.[1];
  if (end === undefined || !LEAVING.has(verb)) return [];
  const late = charges.filter((one) => one.day > Math.max(Number(end), 0) + 1 && net(one) > 0);
  return late.length > 0 ? [`promise 2: a mail says ${mails.at(-1)}, charged ${list(late)}`] : [];
}

function announcedIsCharged(verb: VerbName, facts: Facts): Broken[] {
  const { preview, answer, charges, settled, nextInvoiceOnDay } = facts;
  if (!preview || !ok(answer) || !['upgrade', 'downgrade', 'switch'].includes(verb)) return [];
  const broken: Broken[] = [];
  const waits = answer!.text.includes('paymentUrl') || answer!.text.includes('"success":false');
  const now = sum(charges.filter((one) => one.day <= 0));
  if (!waits && differ(now, preview.amountDueNowMinor)) {
    broken.push(`promise 3: due now was said to be ${preview.amountDueNowMinor}, charged ${now}`);
  }
  // One that a balance pays is no charge: the day says which is meant. A card that fails pays none.
  const after = charges.filter((one) => one.day > 0);
  const announced = preview.nextInvoice?.amountMinor;
  if (!waits && settled.endsOnDay === null && after.length > 0 && announced !== undefined) {
    const then = after.filter((one) => sameDay(one.day, nextInvoiceOnDay));
    if (differ(sum(then), announced)) {
      broken.push(
        `promise 3: the next invoice was said to be ${announced} on day ${nextInvoiceOnDay}, ` +
          `charged ${list(after)}`,
      );
    }
  }
  return broken;
}

function moneyGives({ charges, settled, final, alerts, runningFinally, running }: Facts): Broken[] {
  const broken: Broken[] = [];
  const now = charges.filter((one) => one.day <= 0 && net(one) > 0);
  if (now.length > 0 && settled.plan === 'free' && alerts.length === 0 && settled.status === 200) {
    broken.push(`promise 4: charged ${list(now)} and the plan is free`);
  }
  if (running > 1 && alerts.length === 0) broken.push(`promise 4: ${running} subscriptions run`);
  const lately = charges.some((one) => one.day > 340 && net(one) > 0);
  // What staff sold by hand gives no plan of ours, and staff are told so.
  const isFree = final.status === 200 && final.plan === 'free' && alerts.length === 0;
  if (lately && runningFinally > 0 && isFree) {
    broken.push('promise 4: charged to the end of the year, and the plan is free');
  }
  return broken;
}

/** Who only looks keeps the plan. The mirrors would not tell: what nobody asked for happens there too. */
function nothingIsLost(verb: VerbName, { before, settled }: Facts): Broken[] {
  if (!LOOKING.has(verb) || before.status !== 200 || settled.status !== 200) return [];
  // What had ended at Stripe is a loss of which only our page had not heard.
  if (before.running === 0) return [];
  return before.plan === settled.plan
    ? []
    : [`promise 4: the plan was ${before.plan}, is ${settled.plan}, and nobody asked for it`];
}

/** The page says what is so at Stripe, once there was time to converge. */
function pageIsTrue(verb: VerbName, { settled, atStripe, running }: Facts): Broken[] {
  if (settled.status !== 200 || (verb === 'delete tenant' && settled.state === null)) return [];
  if (running === 0) {
    return settled.plan === 'free' || settled.state === 'canceled'
      ? []
      : [`the page says ${show(settled)}, and nothing runs at Stripe`];
  }
  if (atStripe === null) return [];
  const broken: Broken[] = [];
  if (atStripe.price !== settled.price && atStripe.price !== 'another') {
    broken.push(`the page says ${show(settled)}, at Stripe it is ${atStripe.price}`);
  }
  if (!sameDay(atStripe.endsOnDay, settled.endsOnDay)) {
    broken.push(`the page ends on ${settled.endsOnDay}, at Stripe on ${atStripe.endsOnDay}`);
  }
  return broken;
}

/**
 * Promise 1, held to two mirrors: what is so without any fault when the verb is done (`done`), and
 * when nobody asks for anything (`undone`). An answer that says done is like the first, one that
 * says that nothing was changed is like the second, and no answer is like one of them.
 */
export function brokenAnswers(facts: Facts, done: Facts, undone: Facts): Broken[] {
  const notDone = differences(facts, done);
  const notUndone = differences(facts, undone);
  if (isAcknowledged(facts)) {
    return notDone.length === 0 ? [] : [`promise 1: answered as done, but ${notDone.join('; ')}`];
  }
  const saysUnchanged = /nothing was changed/i.test(facts.answer?.text ?? '');
  if (saysUnchanged && facts.again === null) {
    return notUndone.length === 0
      ? []
      : [`promise 1: "nothing was changed", but ${notUndone.join('; ')}`];
  }
  if (notDone.length === 0 || notUndone.length === 0) return [];
  return [
    `promise 1: neither done nor undone: not done, because ${notDone.join('; ')}; ` +
      `not undone, because ${notUndone.join('; ')}`,
  ];
}

function differences(one: Facts, other: Facts): string[] {
  const found: string[] = [];
  const compare = (what: string, a: unknown, b: unknown) => {
    if (a !== b) found.push(`${what} ${String(a)}, not ${String(b)}`);
  };
  const page = (what: string, a: Page, b: Page) => {
    if (isShut(a) || isShut(b)) return compare(`${what} is shut`, isShut(a), isShut(b));
    compare(`${what} status`, a.status, b.status);
    compare(`${what} plan`, a.plan, b.plan);
    compare(`${what} state`, a.state, b.state);
    compare(`${what} price`, a.price, b.price);
    compare(`${what} planned`, a.planned?.split(' ')[0], b.planned?.split(' ')[0]);
    if (!sameDay(a.endsOnDay, b.endsOnDay)) compare(`${what} end`, a.endsOnDay, b.endsOnDay);
  };
  page('the page', one.settled, other.settled);
  page('a year later the page', one.final, other.final);
  compare('running', one.running, other.running);
  if (!sameCharges(one.charges, other.charges)) {
    found.push(`charged ${list(one.charges)}, not ${list(other.charges)}`);
  }
  return found;
}

/**
 * To the people of a deleted team: 404 while a process still remembers that they belonged to it, for
 * half a minute, 401 from then on. Who is refused with a team that exists is found by `wasLetIn`.
 */
function isShut({ status }: Page): boolean {
  return status === 401 || status === 404;
}

function sameCharges(some: Charge[], others: Charge[]): boolean {
  const a = some.filter((one) => net(one) !== 0);
  const b = others.filter((one) => net(one) !== 0);
  return (
    a.length === b.length &&
    a.every((one, at) => !differ(net(one), net(b[at]!)) && sameDay(one.day, b[at]!.day))
  );
}

function sameDay(a: number | null, b: number | null): boolean {
  return a === b || (a !== null && b !== null && Math.abs(a - b) <= 1);
}

const net = ({ amountMinor, refundedMinor }: Charge) => amountMinor - refundedMinor;
const sum = (charges: Charge[]) => charges.reduce((total, one) => total + net(one), 0);
const differ = (a: number, b: number) => Math.abs(a - b) > CLOSE_MINOR;

function list(charges: Charge[]): string {
  const shown = charges.slice(0, 4).map((one) => `${net(one)} on day ${one.day}`);
  if (charges.length > 4) shown.push(`… ${charges.length} in all`);
  return shown.length === 0 ? 'nothing' : shown.join(', ');
}

function show({ plan, state, price, endsOnDay, planned }: Page): string {
  return [plan, state, price, endsOnDay === null ? '' : `ends ${endsOnDay}`, planned ?? '']
    .filter(Boolean)
    .join(' ');
}
