import fc from 'fast-check';
import type Stripe from 'stripe';
import { startLocalStripe } from '../../index.ts';
import type { LocalStripe } from '../../index.ts';
import { frozenClock } from '../../kernel/clock.ts';
import { StripeError } from '../../kernel/errors.ts';
import type { Kind } from '../../kernel/kinds.ts';
import { idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { createCustomer } from '../../resources/customers.ts';
import { createPrice } from '../../resources/prices.ts';
import { setCardFailing } from '../payment/behavior.ts';
import { createRefund } from '../payment/refund.ts';
import { attemptInvoice } from '../invoice/pay.ts';
import { voidInvoice } from '../invoice/void.ts';
import { createSchedule } from '../schedule/create.ts';
import { updateSchedule } from '../schedule/update.ts';
import { cancelSubscription } from '../subscription/cancel.ts';
import { createSubscription } from '../subscription/create.ts';
import { pauseSubscription, resumeSubscription } from '../subscription/pause.ts';
import { updateSubscription } from '../subscription/update.ts';

const day = 86_400;
export const year = 366 * day;
export const storyStart = Date.UTC(2027, 0, 29, 10) / 1000;

const plans = ['monthly', 'yearly', 'team'] as const;
const prorations = ['create_prorations', 'always_invoice', 'none'] as const;

/** Something that somebody does, some seconds after the one before. */
export type Deed = { after: number; who: number } & (
  | { do: 'subscribe'; plan: number; trialDays: number; classic: boolean }
  | { do: 'change'; plan: number; proration: number; anchorNow: boolean; pending: boolean }
  | { do: 'quantity'; quantity: number; proration: number }
  | { do: 'cancel'; atEnd: boolean; prorate: boolean }
  | { do: 'uncancel' | 'pause' | 'resume' | 'pay' | 'void' | 'refund' | 'endTrial' }
  | { do: 'fail'; fails: boolean }
  | { do: 'downgrade'; plan: number }
);

// Mostly the one who begins, so that deeds meet each other.
const who = fc.constantFrom(0, 0, 0, 1);
const after = fc.integer({ min: 0, max: 30 * day });
const plan = fc.nat({ max: 2 });
const proration = fc.nat({ max: 2 });
const deed = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record({ after, who, ...model });

const subscribe = deed({
  do: fc.constant('subscribe' as const),
  plan,
  trialDays: fc.constantFrom(0, 0, 2, 14),
  classic: fc.boolean(),
});

const later = fc.array(
  fc.oneof(
    subscribe,
    deed({
      do: fc.constant('change' as const),
      plan,
      proration,
      anchorNow: fc.boolean(),
      pending: fc.boolean(),
    }),
    deed({
      do: fc.constant('quantity' as const),
      quantity: fc.integer({ min: 0, max: 5 }),
      proration,
    }),
    deed({ do: fc.constant('cancel' as const), atEnd: fc.boolean(), prorate: fc.boolean() }),
    deed({
      do: fc.constantFrom(
        ...(['uncancel', 'pause', 'resume', 'pay', 'void', 'refund', 'endTrial'] as const),
      ),
    }),
    deed({ do: fc.constant('fail' as const), fails: fc.boolean() }),
    deed({ do: fc.constant('downgrade' as const), plan }),
  ) as fc.Arbitrary<Deed>,
  { maxLength: 14 },
);

/** Somebody subscribes, and then things happen. */
export const deeds: fc.Arbitrary<Deed[]> = fc
  .tuple(subscribe, later)
  .map(([first, rest]) => [{ ...first, who: 0 } as Deed, ...rest]);

export interface Told {
  local: LocalStripe;
  errors: string[];
}

/** Tells the story, letting time pass between its deeds in as many steps as `cuts` (0 to 1) make. */
export async function tell(story: Deed[], cuts: number[]): Promise<Told> {
  const errors: string[] = [];
  const local = await startLocalStripe({
    port: 0,
    seed: 'story',
    clock: frozenClock(new Date(storyStart * 1000)),
    freezesObjects: true,
    log: (message) => errors.push(message),
  });
  const { kernel } = local;
  const cast = kernel.run(setTheStage);
  let now = storyStart;
  const passUntil = async (target: number) => {
    const stops = cuts.map((cut) => Math.floor(now + cut * (target - now))).sort((a, b) => a - b);
    for (const stop of [...stops, target]) await local.advanceTo(stop);
    now = target;
  };
  for (const one of story) {
    await passUntil(now + one.after);
    try {
      kernel.run((ctx) => act(ctx, one, cast));
    } catch (error) {
      // Refusals are part of life; anything else is a bug.
      if (!(error instanceof StripeError)) throw error;
    }
  }
  await passUntil(Math.max(now, storyStart + year));
  return { local, errors };
}

interface Cast {
  prices: Record<(typeof plans)[number], string>;
  customers: { id: string; card: string }[];
}

function setTheStage(ctx: Context): Cast {
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

function act(ctx: Context, deed: Deed, cast: Cast): void {
  const { id: customer, card } = cast.customers[deed.who]!;
  const latest = ctx.store.by('subscription', 'customer', customer).at(-1);
  const priceOf = (n: number) => cast.prices[plans[n]!];
  if (deed.do === 'fail') {
    const decline = {
      code: 'card_declined',
      declineCode: 'generic_decline',
      message: 'No.',
    } as const;
    setCardFailing(ctx, card, deed.fails ? decline : null);
    return;
  }
  if (deed.do === 'subscribe') {
    createSubscription(ctx, {
      customer,
      items: [{ price: priceOf(deed.plan) }],
      ...(deed.trialDays > 0 ? { trial_period_days: deed.trialDays } : {}),
      ...(deed.classic ? { billing_mode: { type: 'classic' } } : {}),
    });
    return;
  }
  if (latest !== undefined) actOn(ctx, deed, latest, priceOf);
}

function actOn(
  ctx: Context,
  deed: Exclude<Deed, { do: 'fail' | 'subscribe' }>,
  latest: Stripe.Subscription,
  priceOf: (n: number) => string,
): void {
  const item = latest.items.data[0]!.id;
  const open = ctx.store
    .by('invoice', 'subscription', latest.id)
    .findLast((one) => one.status === 'open');
  switch (deed.do) {
    case 'change':
      updateSubscription(ctx, latest, {
        items: [{ id: item, price: priceOf(deed.plan) }],
        proration_behavior: prorations[deed.proration]!,
        ...(deed.anchorNow ? { billing_cycle_anchor: { type: 'now' } } : {}),
        ...(deed.pending ? { payment_behavior: 'pending_if_incomplete' } : {}),
      });
      break;
    case 'quantity':
      updateSubscription(ctx, latest, {
        items: [{ id: item, quantity: deed.quantity }],
        proration_behavior: prorations[deed.proration]!,
      });
      break;
    case 'cancel':
      if (deed.atEnd) updateSubscription(ctx, latest, { cancel_at_period_end: true });
      else cancelSubscription(ctx, latest, { prorate: deed.prorate, invoice_now: deed.prorate });
      break;
    case 'uncancel':
      updateSubscription(ctx, latest, { cancel_at_period_end: false });
      break;
    case 'pause':
      pauseSubscription(ctx, latest, {});
      break;
    case 'resume':
      resumeSubscription(ctx, latest, {});
      break;
    case 'endTrial':
      updateSubscription(ctx, latest, { trial_end: 'now' });
      break;
    case 'pay':
      if (open !== undefined) attemptInvoice(ctx, open, { isAutomatic: false });
      break;
    case 'void':
      if (open !== undefined) voidInvoice(ctx, open);
      break;
    case 'refund': {
      const charge = ctx.store
        .by('charge', 'customer', String(latest.customer))
        .findLast((one) => one.paid);
      if (charge !== undefined) createRefund(ctx, { charge: charge.id });
      break;
    }
    case 'downgrade': {
      const schedule = createSchedule(ctx, { from_subscription: latest.id });
      const [phase] = schedule.phases;
      updateSchedule(ctx, schedule, {
        end_behavior: 'release',
        phases: [
          {
            items: [
              { price: String(phase!.items[0]!.price), quantity: phase!.items[0]!.quantity ?? 1 },
            ],
            start_date: phase!.start_date,
            end_date: phase!.end_date,
          },
          { items: [{ price: priceOf(deed.plan) }], duration: { interval: 'month' } },
        ],
      });
    }
  }
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

/** Everything that there is to see, as text; the address of this run's server left out. */
export function wholeState({ kernel, url }: LocalStripe): string[] {
  return shown.flatMap((kind) => {
    return [...kernel.store.oldestFirst(kind)].map((object) => {
      return `${kind} ${JSON.stringify(object).replaceAll(url, '')}`;
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
