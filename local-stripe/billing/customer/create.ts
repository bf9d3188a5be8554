import type Stripe from 'stripe';
import { invalidRequest, noSuch } from '../../kernel/errors.ts';
import { mergeMetadata } from '../../kernel/metadata.ts';
import type { Context } from '../../kernel/types.ts';
import { attachMethod, noSuchMethod, resolveMethod } from '../payment/methods.ts';
import { refuseUnsupported } from '../unsupported.ts';
import { address } from '../addresses.ts';
import { createTaxId } from './tax-id.ts';

export function createCustomer(ctx: Context, params: Stripe.CustomerCreateParams): Stripe.Customer {
  const clock = params.test_clock ?? null;
  if (clock !== null && ctx.store.find('test_helpers.test_clock', clock) === undefined) {
    throw noSuch('test_clock', clock, 'test_clock');
  }
  if (clock !== null) assertRoomOn(ctx, clock);
  refuseUnsupported(params, ['cash_balance', 'source']);
  const here = ctx.onClock(clock);
  const built = buildCustomer(here, params);
  const method =
    params.payment_method === undefined ? null : resolveMethod(here, params.payment_method);
  const customer = here.store.put('customer', {
    ...built,
    invoice_settings: {
      ...built.invoice_settings,
      default_payment_method: firstDefault(params, method),
    },
  });
  here.emit('customer.created', customer);
  for (const taxId of params.tax_id_data ?? []) createTaxId(here, customer, taxId);
  if (method !== null) attachMethod(here, method, customer.id);
  return here.store.get('customer', customer.id);
}

const customersPerClock = 3;

/** Throws 400 when the test clock has as many customers as Stripe lets one have. */
function assertRoomOn(ctx: Context, clock: string): void {
  if (ctx.store.by('customer', 'test_clock', clock).length < customersPerClock) return;
  throw invalidRequest(
    `Test clock ${clock} has ${customersPerClock} customers, which is the limit. Create another test clock.`,
    'test_clock',
  );
}

/** `pm_card_visa` named twice, to be attached and as the default, is one and the same card. */
function firstDefault(
  params: Stripe.CustomerCreateParams,
  method: Stripe.PaymentMethod | null,
): string | null {
  const wanted = params.invoice_settings?.default_payment_method;
  if (wanted === undefined) return null;
  if (method !== null && (wanted === params.payment_method || wanted === method.id)) {
    return method.id;
  }
  throw noSuchMethod(wanted, 'invoice_settings[default_payment_method]');
}

function buildCustomer(ctx: Context, params: Stripe.CustomerCreateParams): Stripe.Customer {
  return {
    id: ctx.newId('cus'),
    object: 'customer',
    address: params.address ? address(params.address) : null,
    balance: params.balance ?? 0,
    created: ctx.now,
    currency: null,
    customer_account: null,
    default_source: null,
    delinquent: false,
    description: params.description ?? null,
    discount: null,
    email: params.email ?? null,
    invoice_prefix: params.invoice_prefix ?? ctx.newText(8).toUpperCase(),
    ...namesOf(params),
    invoice_settings: {
      custom_fields: params.invoice_settings?.custom_fields || null,
      default_payment_method: null,
      footer: params.invoice_settings?.footer ?? null,
      rendering_options: renderingOf(params.invoice_settings?.rendering_options),
    },
    livemode: false,
    metadata: mergeMetadata({}, params.metadata),
    name: params.name ?? null,
    next_invoice_sequence: params.next_invoice_sequence ?? 1,
    phone: params.phone ?? null,
    preferred_locales: params.preferred_locales ?? [],
    shipping: params.shipping ? shipping(params.shipping) : null,
    tax_exempt: params.tax_exempt || 'none',
    test_clock: ctx.clock,
  };
}

type Named = { business_name?: string | undefined; individual_name?: string | undefined };

/** The names of a business and of a person, where they are given: the answer has them only then. */
export function namesOf({
  business_name: business,
  individual_name: individual,
}: {
  business_name?: Stripe.Emptyable<string>;
  individual_name?: Stripe.Emptyable<string>;
}): Partial<Stripe.Customer> {
  const names: Named = {
    ...(business === undefined ? {} : { business_name: business || undefined }),
    ...(individual === undefined ? {} : { individual_name: individual || undefined }),
  };
  return names as Partial<Stripe.Customer>;
}

export function renderingOf(
  given: Stripe.Emptyable<Stripe.CustomerCreateParams.InvoiceSettings.RenderingOptions> | undefined,
): Stripe.Customer.InvoiceSettings.RenderingOptions | null {
  if (!given) return null;
  return { amount_tax_display: given.amount_tax_display || null, template: given.template ?? null };
}

export function shipping(given: Stripe.CustomerCreateParams.Shipping): Stripe.Customer.Shipping {
  return { address: address(given.address), name: given.name, phone: given.phone ?? null };
}
