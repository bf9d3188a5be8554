import type Stripe from 'stripe';
import { addTaxes } from '../../billing/tax/sums.ts';
import type { LineAmount } from '../../checkout/amounts.ts';
import type { CheckoutRow } from '../../checkout/row.ts';
import {
  couponOfSession,
  recurringAmounts,
  sessionAmounts,
  trialEndOf,
} from '../../checkout/session.ts';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { couponText } from '../coupon-text.ts';
import { merchantOf } from '../merchant.ts';
import type { Page } from '../page.ts';
import { intervalText, priceText, unitText } from '../price-text.ts';
import type { CheckoutAttempt } from './attempt.ts';
import { taxRows } from '../tax-rows.ts';
import { quantityEditor } from './quantity.ts';
import type { CheckoutSummary } from './summary.ts';

type Session = Stripe.Checkout.Session;

/** What is bought, what it costs today, and what it will cost later. */
export function summaryOf(
  ctx: Context,
  page: Page,
  session: Session,
  row: CheckoutRow,
  attempt: CheckoutAttempt,
): CheckoutSummary {
  const { checkout } = page.words;
  if (session.mode === 'setup') {
    return {
      heading: checkout.setup,
      amount: null,
      after: null,
      lines: [],
      totals: [],
      due: null,
      promotion: { state: 'hidden' },
    };
  }
  const currency = session.currency ?? 'usd';
  const coupon = couponOfSession(ctx, session);
  const { lines, subtotal, discount, total } = sessionAmounts(ctx, session, row);
  const taxes = addTaxes(lines.flatMap((line) => line.taxes));
  const first = productName(ctx, lines[0]!.price);
  const isSubscription = session.mode === 'subscription';
  const trialEnd = isSubscription ? trialEndOf(ctx, row) : null;
  return {
    heading: headingOf(page, merchantOf(ctx, session), session, trialEnd, first),
    amount:
      trialEnd === null
        ? { figure: page.money(total, currency), unit: oneInterval(page, lines) }
        : {
            figure: checkout.trialLine(Math.max(1, Math.round((trialEnd - ctx.now) / 86_400))),
            unit: null,
          },
    after:
      trialEnd === null
        ? null
        : checkout.thenLine(recurringText(ctx, page, session, row), page.date(trialEnd)),
    lines: lines.map((amount) => ({
      name: productName(ctx, amount.price),
      description: ctx.store.find('product', idOf(amount.price.product))?.description ?? null,
      detail: detailOf(page, amount),
      amount: page.money(amount.subtotal, currency),
      quantity: quantityEditor(amount.line, attempt),
    })),
    totals: [
      { label: checkout.subtotal, value: page.money(subtotal, currency) },
      ...(coupon === null
        ? []
        : [
            {
              label: couponText(page, coupon, currency),
              value: page.money(-discount, currency),
            },
          ]),
      ...taxRows(ctx, page, taxes, currency),
      ...(session.automatic_tax.status === 'requires_location_inputs'
        ? [{ label: page.words.tax.label, value: page.words.tax.pending }]
        : []),
    ],
    due: { label: checkout.dueToday, value: page.money(total, currency) },
    promotion: promotionOf(ctx, session, attempt),
  };
}

function headingOf(
  page: Page,
  merchant: string,
  session: Session,
  trialEnd: number | null,
  first: string,
): string {
  const { checkout } = page.words;
  if (session.mode !== 'subscription') return checkout.pay(merchant);
  return trialEnd === null ? checkout.subscribeTo(first) : checkout.trialHeading(first);
}

/** `per month` beside the total, where everything bought recurs alike. */
function oneInterval(page: Page, lines: LineAmount[]): string | null {
  const intervals = new Set(lines.map(({ price }) => intervalText(page, price)));
  const [only] = intervals;
  return intervals.size === 1 && only !== undefined ? only : null;
}

function detailOf(page: Page, { line, price }: LineAmount): string {
  const { words } = page;
  const parts = [
    line.quantity !== null && line.quantity > 1
      ? `${words.quantity(line.quantity)}, ${words.each(unitText(page, price))}`
      : null,
    price.recurring === null
      ? null
      : words.every(
          price.recurring.interval as 'day' | 'week' | 'month' | 'year',
          price.recurring.interval_count,
        ),
    price.recurring?.usage_type === 'metered' ? words.metered : null,
  ];
  return parts.filter((part) => part !== null).join(' · ');
}

/** `¥29.00 per month`, or the sum where several things recur; with tax. */
export function recurringText(
  ctx: Context,
  page: Page,
  session: Session,
  row: CheckoutRow,
): string {
  const byInterval = new Map<string, number>();
  for (const { price, total } of recurringAmounts(ctx, session, row)) {
    const interval = intervalText(page, price) ?? '';
    byInterval.set(interval, (byInterval.get(interval) ?? 0) + total);
  }
  const currency = session.currency ?? 'usd';
  return [...byInterval]
    .map(([interval, amount]) => priceText(page, page.money(amount, currency), interval))
    .join(' + ');
}

function productName(ctx: Context, price: Stripe.Price): string {
  return ctx.store.find('product', idOf(price.product))?.name ?? price.id;
}

function promotionOf(
  ctx: Context,
  session: Session,
  attempt: CheckoutAttempt,
): CheckoutSummary['promotion'] {
  if (session.allow_promotion_codes !== true) return { state: 'hidden' };
  const applied = idOrNull(session.discounts?.[0]?.promotion_code);
  if (applied !== null) {
    return { state: 'applied', code: ctx.store.get('promotion_code', applied).code };
  }
  return {
    state: 'ask',
    typed: attempt.values['promotion_code'] ?? '',
    error: attempt.promotionError,
  };
}
