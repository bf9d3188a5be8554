import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type Stripe from 'stripe';
import { expect, test } from 'vitest';
import { idOrNull } from '../kernel/reference.ts';
import { actions } from './testing/actions.ts';
import type { Action } from './testing/actions.ts';
import { firstDifference, play, wholeState } from './testing/story.ts';
import type { Played } from './testing/story.ts';

/** `LOCAL_STRIPE_RUNS` makes it long. */
const runs = Number(process.env.LOCAL_STRIPE_RUNS ?? 20);
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });

async function playedBy<T>(playing: Promise<Played>, look: (played: Played) => T): Promise<T> {
  const played = await playing;
  await played.local.close();
  expect(played.errors).toEqual([]);
  return look(played);
}

test(
  'a year in one step is the year in many: the same objects, events and ids',
  async () => {
    const property = fc.asyncProperty(actions, cuts, async (story, stops) => {
      const state = ({ local }: Played) => wholeState(local);
      const once = await playedBy(play(story, []), state);
      const often = await playedBy(play(story, stops), state);
      expect(firstDifference(once, often)).toBeNull();
    });
    await fc.assert(property, { numRuns: runs });
  },
  120_000 + runs * 1_000,
);

/** The whole state must be the same, played in one process or in a new one for every action. */
async function expectSameAnew(story: Action[]): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'local-stripe-'));
  try {
    const state = ({ local }: Played) => wholeState(local);
    const once = await playedBy(play(story, []), state);
    const anew = await playedBy(play(story, [], dataDir), state);
    expect(firstDifference(once, anew)).toBeNull();
  } finally {
    rmSync(dataDir, { recursive: true });
  }
}

test(
  'a process that begins anew goes on as if it had not',
  async () => {
    await fc.assert(fc.asyncProperty(actions, expectSameAnew), { numRuns: runs * 2 });
  },
  120_000 + runs * 2_000,
);

test('a process that begins anew just before a refusal remembers no less than one that stayed', async () => {
  const month = 30 * 86_400;
  const plan = { plan: 0, who: 0 };
  await expectSameAnew([
    { after: 0, do: 'subscribe', trialDays: 0, classic: false, ...plan },
    { after: month - 5, who: 0, do: 'cancel', atEnd: false, prorate: false },
    // A second after the first events have become too old to be kept.
    { after: 6, do: 'change', proration: 0, anchorNow: false, pending: false, ...plan },
  ]);
});

test.each([
  ['money adds up: what was billed is paid, owed, or in the balance', assertAddsUp],
  ['8.4 ended is final, whatever is done then', assertEndedIsFinal],
])(
  '%s',
  async (_promise, assertHolds) => {
    const property = fc.asyncProperty(actions, async (story) => {
      await playedBy(play(story, []), ({ local }) => assertHolds(local.kernel.store));
    });
    await fc.assert(property, { numRuns: runs });
  },
  120_000 + runs * 1_000,
);

function assertEndedIsFinal(store: Store): void {
  const endedAs = new Map<string, string>();
  const note = ({ id, status, ended_at }: Stripe.Subscription) => {
    expect(endedAs.get(id) ?? status).toBe(status);
    if (ended_at !== null) endedAs.set(id, status);
  };
  for (const { body } of store.oldestFirst('_event')) {
    const object = body.data.object as { object?: string };
    if (object.object === 'subscription') note(object as Stripe.Subscription);
  }
  for (const subscription of store.oldestFirst('subscription')) {
    note(subscription);
    if (subscription.ended_at !== null) expect(subscription.schedule).toBeNull();
  }
  for (const { status, subscription } of store.oldestFirst('subscription_schedule')) {
    if (status === 'active') expect(endedAs.has(idOrNull(subscription)!)).toBe(false);
  }
}

type Store = Played['local']['kernel']['store'];
const sum = (numbers: number[]) => numbers.reduce((total, n) => total + n, 0);

function assertAddsUp(store: Store): void {
  for (const customer of store.oldestFirst('customer')) {
    const invoices = store.by('invoice', 'customer', customer.id);
    const billed = invoices.filter(({ status }) => status !== 'draft' && status !== 'void');
    const charges = store.by('charge', 'customer', customer.id);
    const captured = sum(charges.map(({ amount_captured }) => amount_captured));
    const refunded = sum(charges.map(({ amount_refunded }) => amount_refunded));
    const open = sum(billed.map(({ amount_remaining }) => amount_remaining));
    const kept = captured - refunded;
    expect(sum(billed.map(({ total }) => total))).toBe(kept + refunded + open + customer.balance);
    expect(sum(billed.map(({ amount_paid }) => amount_paid))).toBe(captured);

    const booked = store.by('customer_balance_transaction', 'customer', customer.id);
    expect(customer.balance).toBe(sum(booked.map(({ amount }) => amount)));
    for (const invoice of invoices) {
      const lines = sum(invoice.lines.data.map(({ amount }) => amount));
      expect(invoice.subtotal).toBe(lines);
      expect(invoice.amount_paid + invoice.amount_remaining).toBe(invoice.amount_due);
      if (invoice.status === 'paid') expect(invoice.amount_remaining).toBe(0);
    }
    const numbers = invoices.map(({ number }) => number).filter((number) => number !== null);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const { invoice, status } of store.oldestFirst('invoice_payment')) {
      const { status: of } = store.get('invoice', idOrNull(invoice)!);
      expect(status === 'paid').toBe(of === 'paid');
    }
  }
}
