import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { mergeMetadata } from '../../kernel/metadata.ts';
import { idOf } from '../../kernel/reference.ts';
import { subscriptionOptionsOf } from '../invoice/kept-params.ts';
import type { Context } from '../../kernel/types.ts';
import { readTaxRates } from '../tax/rates.ts';
import { automaticTax, trialSettings } from './build.ts';
import { nextCycleAt } from './cycle-schedule.ts';
import { assertOwnMethod, readCancelAt, redeemAll } from './read-params.ts';

type Params = Stripe.SubscriptionUpdateParams;
type Patch = Partial<Stripe.Subscription>;

/** What an update changes without touching the bill. */
export function plainPatch(ctx: Context, before: Stripe.Subscription, params: Params): Patch {
  const patch: Patch = {};
  if (params.metadata !== undefined) {
    patch.metadata = mergeMetadata(before.metadata, params.metadata);
  }
  if (params.description !== undefined) patch.description = params.description || null;
  if (params.default_payment_method !== undefined) {
    const id = params.default_payment_method as string | null;
    patch.default_payment_method =
      id === null ? null : assertOwnMethod(ctx, idOf(before.customer), id);
  }
  if (params.automatic_tax !== undefined) {
    patch.automatic_tax = automaticTax(params.automatic_tax.enabled);
  }
  if (params.default_tax_rates !== undefined) {
    const kept = before.default_tax_rates ?? [];
    const rates = readTaxRates(ctx, params.default_tax_rates, 'default_tax_rates', kept);
    patch.default_tax_rates = rates;
  }
  if (params.trial_settings !== undefined) {
    patch.trial_settings = trialSettings(params.trial_settings);
  }
  if (params.payment_settings !== undefined) {
    patch.payment_settings = {
      ...before.payment_settings!,
      ...(params.payment_settings.save_default_payment_method === undefined
        ? {}
        : { save_default_payment_method: params.payment_settings.save_default_payment_method }),
      ...(params.payment_settings.payment_method_options === undefined
        ? {}
        : {
            payment_method_options: subscriptionOptionsOf(
              params.payment_settings.payment_method_options || null,
            ),
          }),
      ...(params.payment_settings.payment_method_types === undefined
        ? {}
        : { payment_method_types: params.payment_settings.payment_method_types || null }),
    };
  }
  if (params.invoice_settings !== undefined) {
    const { description, footer, custom_fields } = params.invoice_settings;
    patch.invoice_settings = {
      ...before.invoice_settings,
      ...(description === undefined ? {} : { description }),
      ...(footer === undefined ? {} : { footer }),
      ...(custom_fields === undefined ? {} : { custom_fields: custom_fields || null }),
    };
  }
  if (params.discounts !== undefined) {
    const { customer, id, currency } = before;
    const target = { customer: idOf(customer), subscription: id, currency };
    const given = params.discounts || [];
    if (!params.discounts || given.length > 0) {
      patch.discounts = redeemAll(ctx, given, target, before.items.data);
    }
  }
  return { ...patch, ...collection(ctx, before, params), ...cancellation(ctx, before, params) };
}

function collection(ctx: Context, before: Stripe.Subscription, params: Params): Patch {
  const patch: Patch = {};
  if (params.collection_method !== undefined) patch.collection_method = params.collection_method;
  if (params.days_until_due !== undefined) patch.days_until_due = params.days_until_due;
  const isSent = (patch.collection_method ?? before.collection_method) === 'send_invoice';
  if (isSent && (patch.days_until_due ?? before.days_until_due) === null) {
    throw invalidRequest(
      '`days_until_due` is required when collection_method is send_invoice.',
      'days_until_due',
      'parameter_missing',
    );
  }
  if (params.pause_collection !== undefined) {
    const pause = params.pause_collection || null;
    ctx.unschedule('subscription.collection', before.id);
    if (pause?.resumes_at !== undefined) {
      ctx.schedule(pause.resumes_at, 'subscription.collection', before.id);
    }
    patch.pause_collection =
      pause === null
        ? null
        : {
            behavior: pause.behavior as Stripe.Subscription.PauseCollection.Behavior,
            resumes_at: pause.resumes_at ?? null,
          };
  }
  return patch;
}

/** The two forms of cancelling later: the boolean, which follows the period, and a time. */
function cancellation(ctx: Context, before: Stripe.Subscription, params: Params): Patch {
  const { cancel_at, cancel_at_period_end, cancellation_details: details } = params;
  const patch: Patch = {};
  if (cancel_at_period_end && cancel_at) {
    throw invalidRequest(
      'You may only specify one of these parameters: cancel_at, cancel_at_period_end.',
      'cancel_at',
    );
  }
  const known = before.cancellation_details!;
  const said = {
    ...known,
    ...(details?.comment === undefined ? {} : { comment: details.comment || null }),
    ...(details?.feedback === undefined
      ? {}
      : {
          feedback: (details.feedback ||
            null) as Stripe.Subscription.CancellationDetails.Feedback | null,
        }),
  };
  if (details !== undefined) patch.cancellation_details = said;
  const ask = { ...said, reason: 'cancellation_requested' as const };
  const isAsked = before.cancel_at !== null;
  const canceled_at = isAsked ? before.canceled_at : ctx.now;
  if (cancel_at_period_end === true) {
    return {
      ...patch,
      cancel_at: nextCycleAt(before),
      cancel_at_period_end: true,
      canceled_at,
      cancellation_details: ask,
    };
  }
  if (cancel_at) {
    return {
      ...patch,
      cancel_at: readCancelAt(ctx, cancel_at as number | string, before),
      cancel_at_period_end: false,
      canceled_at,
      cancellation_details: ask,
    };
  }
  const isTakenBack =
    (cancel_at_period_end === false && before.cancel_at_period_end) ||
    (cancel_at !== undefined && !cancel_at);
  if (!isTakenBack) return patch;
  return {
    ...patch,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { ...said, comment: null, feedback: null, reason: null },
  };
}
