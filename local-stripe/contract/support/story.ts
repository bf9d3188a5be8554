import { setTimeout as wait } from 'node:timers/promises';
import type Stripe from 'stripe';
import { isSandbox } from './subject.ts';
import type { Subject } from './subject.ts';

export const minute = 60;
export const hour = 3600;
export const day = 86_400;

/** 1 January 2027, 00:00 UTC: where stories begin unless they say otherwise. */
export const newYear = Date.UTC(2027, 0, 1) / 1000;

/** `at('2027-02-01')` or `at('2027-02-01T01:00:00Z')` in unix seconds. */
export const at = (iso: string): number => Date.parse(iso) / 1000;

/** One customer on a test clock, and what is made known about them. */
export interface Story {
  stripe: Stripe;
  clock: string;
  customer: Stripe.Customer;
  /** Lets time pass until everything of that time has happened. */
  advanceTo(time: number): Promise<void>;
  /** The events about the customer since `mark` was last called (or since they came), in order. */
  events(): Promise<Stripe.Event[]>;
  /** Same, their types alone. */
  types(): Promise<string[]>;
  /** Forgets the events so far. */
  mark(): Promise<void>;
}

export interface StoryOptions {
  start?: number;
  /** A test card attached and made the customer's default, such as `pm_card_visa`. */
  card?: string;
}

/** Begins a story: a test clock, and a customer on it. */
export async function beginStory(subject: Subject, options: StoryOptions = {}): Promise<Story> {
  const { stripe } = subject;
  const [before] = (await stripe.events.list({ limit: 1 })).data;
  const { id: clock } = await stripe.testHelpers.testClocks.create({
    frozen_time: options.start ?? newYear,
  });
  const customer = await stripe.customers.create({ test_clock: clock, email: 'wu@example.com' });
  if (options.card !== undefined) await useCard(stripe, customer.id, options.card);
  let marked = new Set<string>();
  const story: Story = {
    stripe,
    clock,
    customer,
    advanceTo: (time) => advance(subject, clock, time),
    async events() {
      const all = await allEvents(subject, customer.id, before?.id);
      return all.filter(({ id }) => !marked.has(id));
    },
    types: async () => (await story.events()).map(({ type }) => type),
    async mark() {
      marked = new Set((await allEvents(subject, customer.id, before?.id)).map(({ id }) => id));
    },
  };
  await story.mark();
  return story;
}

/** Attaches a test card and makes it the default for invoices; answers its id. */
export async function useCard(stripe: Stripe, customer: string, card: string): Promise<string> {
  const { id } = await stripe.paymentMethods.attach(card, { customer });
  await stripe.customers.update(customer, { invoice_settings: { default_payment_method: id } });
  return id;
}

async function advance({ stripe, local }: Subject, clock: string, time: number): Promise<void> {
  await stripe.testHelpers.testClocks.advance(clock, { frozen_time: time });
  await local?.settled();
  for (;;) {
    const { status } = await stripe.testHelpers.testClocks.retrieve(clock);
    if (status === 'ready') return;
    if (status === 'internal_failure') throw new Error(`test clock ${clock} failed`);
    await wait(isSandbox ? 2000 : 1);
  }
}

/**
 * The events after `before` about the customer or about an object of an earlier one of these, oldest
 * first.
 */
async function allEvents(
  { stripe, local }: Subject,
  customer: string,
  before: string | undefined,
): Promise<Stripe.Event[]> {
  await local?.settled();
  const events: Stripe.Event[] = [];
  for await (const event of stripe.events.list({ limit: 100 })) {
    if (event.id === before) break;
    events.push(event);
  }
  const theirs = new Set([customer]);
  return events.reverse().filter(({ data: { object } }) => {
    const isTheirs = idsIn(object).some((id) => theirs.has(id));
    if (isTheirs && 'id' in object && typeof object.id === 'string') theirs.add(object.id);
    return isTheirs;
  });
}

function idsIn(object: object): string[] {
  return JSON.stringify(object).match(/(?<=")[a-z]+_\w+(?=")/g) ?? [];
}
