import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { mergeMetadata } from '../../kernel/metadata.ts';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { refuseUnsupported } from '../unsupported.ts';
import { reflectEnd } from './reflect.ts';
import { readSettings } from './build.ts';
import { readPhases } from './phases.ts';
import { applyItems, phaseAt, scheduleNextPhase } from './phase.ts';

type Schedule = Stripe.SubscriptionSchedule;
type Phase = Stripe.SubscriptionSchedule.Phase;

/** `POST /v1/subscription_schedules/:id`. Phases given replace all phases that are not over. */
export function updateSchedule(
  global: Context,
  before: Schedule,
  params: Stripe.SubscriptionScheduleUpdateParams,
): Schedule {
  const ctx = global.onClock(idOrNull(before.test_clock));
  refuseUnsupported(params, ['pause_schedules']);
  if (before.status !== 'active' && before.status !== 'not_started') {
    const names = Object.keys(params).filter((name) => name !== 'expand');
    if (names.some((name) => name !== 'metadata')) {
      throw invalidRequest(`You cannot update a subscription schedule that is ${before.status}.`);
    }
  }
  if (params.end_behavior === 'none' || params.end_behavior === 'renew') {
    throw invalidRequest('end_behavior must be one of cancel or release.', 'end_behavior');
  }
  const patch: Partial<Schedule> = { metadata: mergeMetadata(before.metadata, params.metadata) };
  if (params.end_behavior !== undefined) patch.end_behavior = params.end_behavior;
  if (params.default_settings !== undefined) {
    patch.default_settings = readSettings(params.default_settings);
  }
  if (params.phases !== undefined) {
    patch.phases = newPhases(ctx, before, params.phases, patch.default_settings);
    const current = phaseAt({ ...before, phases: patch.phases }, ctx.now);
    if (before.status === 'active' && current !== null) {
      patch.current_phase = { start_date: current.start_date, end_date: current.end_date };
    }
  }
  const schedule = ctx.update(
    'subscription_schedule',
    before,
    patch,
    'subscription_schedule.updated',
  );
  if (params.phases !== undefined) follow(ctx, before, schedule, params.proration_behavior);
  if (before.end_behavior === 'cancel' || schedule.end_behavior === 'cancel') {
    reflectEnd(ctx, schedule);
  }
  return ctx.store.get('subscription_schedule', schedule.id);
}

function newPhases(
  ctx: Context,
  before: Schedule,
  given: Stripe.SubscriptionScheduleUpdateParams.Phase[],
  settings = before.default_settings,
): Stripe.SubscriptionSchedule.Phase[] {
  const current = before.current_phase;
  const first = given[0]?.start_date;
  const start =
    first === 'now' ? ctx.now : (first ?? current?.start_date ?? before.phases[0]!.start_date);
  if (current !== null && start !== current.start_date && first !== 'now' && start > ctx.now) {
    throw invalidRequest(
      'The first phase must contain the current time: start it when the current phase started.',
      'phases[0][start_date]',
    );
  }
  const numbered = given.map((phase) => ({
    ...phase,
    end_date: phase.end_date === 'now' ? ctx.now : phase.end_date,
    trial_end: phase.trial_end === 'now' ? ctx.now : phase.trial_end,
  })) as Parameters<typeof readPhases>[1];
  const id = idOrNull(before.subscription);
  const subscription = id === null ? undefined : ctx.store.get('subscription', id);
  const phases = readPhases(ctx, numbered, start, subscription?.billing_cycle_anchor ?? null, {
    customer: ctx.store.get('customer', idOf(before.customer)),
    currency: subscription?.currency ?? null,
    isAutomatic: settings.automatic_tax?.enabled ?? false,
    known: ratesInUse(before, subscription),
  });
  if (phases.at(-1)!.end_date <= ctx.now) {
    throw invalidRequest('The last phase must end in the future.', 'phases');
  }
  return phases;
}

/** The rates that the schedule or its subscription has already. */
function ratesInUse(
  { phases }: Schedule,
  subscription: Stripe.Subscription | undefined,
): Stripe.TaxRate[] {
  const parts = [...phases, ...(subscription === undefined ? [] : [subscription])];
  const items = [...phases.flatMap((phase) => phase.items), ...(subscription?.items.data ?? [])];
  return [
    ...parts.flatMap((part) => part.default_tax_rates ?? []),
    ...items.flatMap((item) => item.tax_rates ?? []),
  ];
}

/** What the current phase says now is true of the subscription at once. */
function follow(
  ctx: Context,
  before: Schedule,
  schedule: Schedule,
  proration = 'create_prorations',
): void {
  if (schedule.status === 'not_started') {
    ctx.schedule(schedule.phases[0]!.start_date, 'schedule.phase', schedule.id);
    return;
  }
  if (schedule.status !== 'active') return;
  scheduleNextPhase(ctx, schedule);
  const phase = phaseAt(schedule, ctx.now);
  const was = phaseAt(before, ctx.now);
  if (phase === null || sameAim(phase, was)) return;
  const subscription = ctx.store.get('subscription', idOf(schedule.subscription!));
  applyItems(ctx, schedule, subscription, phase, {
    payment: 'allow_incomplete',
    proration,
  });
}

/** Whether the phase wants of the subscription what it is already, or also that it is free for longer. */
function sameAim(a: Phase, b: Phase | null): boolean {
  if (a.trial_end !== null && a.trial_end !== b?.trial_end) return false;
  const aim = (phase: Phase | null) => {
    const { items, metadata, default_tax_rates, automatic_tax } = phase ?? {};
    return JSON.stringify([items, metadata, default_tax_rates, automatic_tax]);
  };
  return aim(a) === aim(b);
}
