import type { ClockRegistry } from '../kernel/ports.ts';
import type Stripe from 'stripe';
import { invalidRequest, noSuch } from '../kernel/errors.ts';
import { idOrNull } from '../kernel/reference.ts';
import { resource } from './resource.ts';
import { markDeleted } from '../kernel/deleted.ts';
import type { Context } from '../kernel/types.ts';
import { deleteCustomer } from './customers.ts';

const day = 86_400;

export const testClocks = resource({
  kind: 'test_helpers.test_clock',
  path: '/v1/test_helpers/test_clocks',
  noun: 'test_clock',
  list: {},
  create: createClock,
  del: deleteClock,
  actions: [{ name: 'advance', handle: advanceClock }],
});

function createClock(
  ctx: Context,
  params: Stripe.TestHelpers.TestClockCreateParams,
): Stripe.TestHelpers.TestClock {
  assertSane(params.frozen_time);
  const clock = ctx.store.put('test_helpers.test_clock', {
    id: ctx.newId('clock'),
    object: 'test_helpers.test_clock',
    created: ctx.now,
    deletes_after: ctx.now + 30 * day,
    frozen_time: params.frozen_time,
    livemode: false,
    name: params.name ?? null,
    status: 'ready',
    status_details: {},
  });
  ctx.schedule(clock.deletes_after, 'test_clock.delete', clock.id);
  if (params.customer !== undefined) putOnClock(ctx, params.customer, clock.id);
  ctx.onClock(clock.id).emit('test_helpers.test_clock.created', clock);
  return clock;
}

const earliest = Date.UTC(2000, 0) / 1000;
const latest = Date.UTC(2200, 0) / 1000;

function assertSane(frozenTime: number): void {
  if (frozenTime >= earliest && frozenTime < latest) return;
  throw invalidRequest('Invalid timestamp: it must be between 2000 and 2200.', 'frozen_time');
}

/** Only a customer that nothing is scheduled for yet can change clocks. */
function putOnClock(ctx: Context, id: string, clock: string): void {
  const customer = ctx.store.find('customer', id);
  if (customer === undefined) throw noSuch('customer', id, 'customer');
  if (idOrNull(customer.test_clock) !== null) {
    throw invalidRequest(`Customer ${id} already has a test clock.`, 'customer');
  }
  if (ctx.store.by('subscription', 'customer', id).length > 0) {
    throw invalidRequest(`Customer ${id} already has subscriptions.`, 'customer');
  }
  ctx.store.put('customer', { ...customer, test_clock: clock });
}

function advanceClock(
  ctx: Context,
  clock: Stripe.TestHelpers.TestClock,
  params: Stripe.TestHelpers.TestClockAdvanceParams,
): Stripe.TestHelpers.TestClock {
  const target = params.frozen_time;
  if (clock.status !== 'ready') {
    throw invalidRequest(`Test clock ${clock.id} is still advancing: wait until it is ready.`);
  }
  assertSane(target);
  if (target <= clock.frozen_time) {
    throw invalidRequest('A test clock can only be advanced to a later time.', 'frozen_time');
  }
  const limit = clock.frozen_time + longestStep(ctx, clock.id);
  if (target > limit) {
    throw invalidRequest(
      'You can advance a test clock by at most two intervals of its shortest subscription (two years where it has none).',
      'frozen_time',
    );
  }
  const advancing = ctx.store.put('test_helpers.test_clock', {
    ...clock,
    status: 'advancing',
    status_details: { advancing: { target_frozen_time: target } },
  });
  ctx.onClock(clock.id).emit('test_helpers.test_clock.advancing', advancing);
  ctx.schedule(ctx.now, 'test_clock.advance', clock.id);
  return advancing;
}

function longestStep(ctx: Context, clock: string): number {
  const days = { day: 1, week: 7, month: 31, year: 366 } as Record<string, number>;
  let shortest = 366;
  for (const customer of ctx.store.by('customer', 'test_clock', clock)) {
    for (const { items, status } of ctx.store.by('subscription', 'customer', customer.id)) {
      if (status === 'canceled' || status === 'incomplete_expired') continue;
      for (const { price } of items.data) {
        const { interval, interval_count } = price.recurring!;
        shortest = Math.min(shortest, days[interval]! * interval_count);
      }
    }
  }
  return 2 * shortest * day;
}

function deleteClock(ctx: Context, clock: Stripe.TestHelpers.TestClock): object {
  for (const customer of ctx.store.by('customer', 'test_clock', clock.id)) {
    deleteCustomer(ctx, customer);
  }
  ctx.emit('test_helpers.test_clock.deleted', clock);
  ctx.unschedule('test_clock.delete', clock.id);
  return markDeleted(ctx, 'test_helpers.test_clock', clock.id);
}

testClocks.due['test_clock.delete'] = (ctx, id) => {
  const clock = ctx.store.find('test_helpers.test_clock', id);
  if (clock !== undefined) deleteClock(ctx, clock);
};

/** Test clocks as the kernel turns them. */
export const ownClocks: ClockRegistry = {
  timeOf: (store, id) => store.find('test_helpers.test_clock', id)?.frozen_time,
  targetOf: (store, id) =>
    store.find('test_helpers.test_clock', id)?.status_details.advancing?.target_frozen_time,
  turning: (store) =>
    [...store.oldestFirst('test_helpers.test_clock')]
      .filter(({ status }) => status === 'advancing')
      .map(({ id }) => id),
  turn: (store, id, frozen_time) => {
    const clock = store.get('test_helpers.test_clock', id);
    store.put('test_helpers.test_clock', { ...clock, frozen_time });
  },
  arrive: (ctx, id) => {
    const clock = ctx.store.find('test_helpers.test_clock', id);
    const target = clock?.status_details.advancing?.target_frozen_time;
    if (clock === undefined || target === undefined) return;
    const ready = ctx.store.put('test_helpers.test_clock', {
      ...clock,
      frozen_time: target,
      status: 'ready',
      status_details: {},
    });
    ctx.onClock(id).emit('test_helpers.test_clock.ready', ready);
  },
  fail: (ctx, id) => {
    const clock = ctx.store.find('test_helpers.test_clock', id);
    if (clock === undefined) return;
    const failed = ctx.store.put('test_helpers.test_clock', {
      ...clock,
      status: 'internal_failure',
      status_details: {},
    });
    ctx.onClock(id).emit('test_helpers.test_clock.internal_failure', failed);
  },
};
