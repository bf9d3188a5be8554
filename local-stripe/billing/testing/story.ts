import { startLocalStripe } from '../../index.ts';
import type { LocalStripe } from '../../index.ts';
import { frozenClock } from '../../kernel/clock.ts';
import { StripeError } from '../../kernel/errors.ts';
import type { Kind } from '../../kernel/kinds.ts';
import { idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { createCustomer } from '../customer/create.ts';
import { createPrice } from '../catalog/price.ts';
import { perform } from './perform.ts';
import type { Fixtures } from './perform.ts';
import type { Action } from './actions.ts';

const day = 86_400;
export const year = 366 * day;
export const storyStart = Date.UTC(2027, 0, 29, 10) / 1000;

export interface Played {
  local: LocalStripe;
  errors: string[];
}

/**
 * Plays the story, letting time pass between its actions in as many steps as `cuts` (0 to 1) make. With
 * a `dataDir` the process begins anew after every action.
 */
export async function play(
  story: Action[],
  cuts: number[],
  dataDir: string | null = null,
): Promise<Played> {
  const errors: string[] = [];
  const startAt = (seconds: number) =>
    startLocalStripe({
      port: 0,
      seed: 'story',
      dataDir,
      clock: frozenClock(new Date(seconds * 1000)),
      freezesObjects: true,
      log: (message) => errors.push(message),
    });
  let local = await startAt(storyStart);
  const cast = local.kernel.run(setTheStage);
  let now = storyStart;
  const passUntil = async (target: number) => {
    const stops = cuts.map((cut) => Math.floor(now + cut * (target - now))).sort((a, b) => a - b);
    for (const stop of [...stops, target]) await local.advanceTo(stop);
    now = target;
  };
  for (const one of story) {
    await passUntil(now + one.after);
    if (dataDir !== null) {
      await local.close();
      local = await startAt(now);
    }
    try {
      local.kernel.run((ctx) => perform(ctx, one, cast));
    } catch (error) {
      // Refusals are part of life; anything else is a bug.
      if (!(error instanceof StripeError)) throw error;
    }
  }
  await passUntil(Math.max(now, storyStart + year));
  return { local, errors };
}

function setTheStage(ctx: Context): Fixtures {
  const price = (name: string, unit_amount: number, interval: 'month' | 'year') =>
    createPrice(ctx, {
      currency: 'usd',
      unit_amount,
      recurring: { interval },
      product_data: { name },
    }).id;
  const customers = [0, 1].map((n) => {
    const customer = createCustomer(ctx, {
      name: `Customer ${n}`,
      payment_method: 'pm_card_visa',
      invoice_settings: { default_payment_method: 'pm_card_visa' },
    });
    return { id: customer.id, card: idOrNull(customer.invoice_settings.default_payment_method)! };
  });
  return {
    prices: {
      monthly: price('Pro', 2900, 'month'),
      yearly: price('Pro yearly', 29_000, 'year'),
      team: price('Team', 9900, 'month'),
    },
    customers,
  };
}

const shown: Kind[] = [
  'customer',
  'subscription',
  'subscription_schedule',
  'invoice',
  'invoiceitem',
  'invoice_payment',
  'payment_intent',
  'charge',
  'refund',
  'customer_balance_transaction',
  '_event',
];

const address = /http:\/\/127\.0\.0\.1:\d+/g;

/** Everything that there is to see, as text; the address of this run's server left out. */
export function wholeState({ kernel }: LocalStripe): string[] {
  return shown.flatMap((kind) => {
    return [...kernel.store.oldestFirst(kind)].map((object) => {
      return `${kind} ${JSON.stringify(object).replaceAll(address, '')}`;
    });
  });
}

/** The first place where two states part, in few enough words to read; null where they are equal. */
export function firstDifference(a: string[], b: string[]): string | null {
  const at = a.findIndex((line, i) => line !== b[i]);
  if (at === -1) return a.length === b.length ? null : `${a.length} objects, then ${b.length}`;
  const was = a[at]!;
  const is = b[at] ?? 'nothing';
  let from = 0;
  while (from < was.length && was[from] === is[from]) from += 1;
  const part = (line: string) => line.slice(Math.max(0, from - 80), from + 120);
  return `${was.slice(0, 60)}…: …${part(was)}… became …${part(is)}…`;
}
