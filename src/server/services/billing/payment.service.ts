import { SubscriptionRepository } from '../../../db/repositories/subscription.repository.ts';
import type { Db } from '../../../db/client.ts';
import { listPayments } from '../../../db/repositories/billing/payments/payment.repository.ts';
import {
  findInvoiceSubjects,
  listSpent,
} from '../../../db/repositories/billing/payments/invoice.repository.ts';
import { sumBilledAtPrices } from '../../../db/repositories/billing/statements/statement.repository.ts';
import { findTenantById } from '../../../db/repositories/billing/tenant-billing.repository.ts';
import type { Payment } from '../../../db/schema/index.ts';
import type { PaymentsPage, PaymentView } from '../../../domain/api.ts';
import { disputeOutcome } from '../../../domain/billing/dispute.ts';
import type { MonthCostView, PaymentSubject } from '../../../domain/billing/payment-view.ts';
import { monthCosts, unbilledOf, type Spent } from '../../../domain/billing/usage/month-cost.ts';
import { isLive } from '../../../domain/billing/subscription-status.ts';
import type { Clock } from '../../../domain/clock.ts';
import type { Money } from '../../../domain/money.ts';
import { periodEnd, periodOf, periodStart, type Period } from '../../../domain/period.ts';
import type { UsageRouter } from '../usage/routing/router.ts';
import { BillingError } from '../../../domain/errors.ts';
import { canManageBilling, isUuid } from '../../../domain/ids.ts';
import type { Requester } from './requester.ts';

/** Reads a tenant's invoices, and what a month comes to. */
export class PaymentService {
  readonly #db: Db;
  readonly #clock: Clock;
  readonly #router: Pick<UsageRouter, 'read'>;

  constructor(deps: { db: Db; clock: Clock; router: Pick<UsageRouter, 'read'> }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#router = deps.router;
  }

  /** What the running month costs so far. */
  async monthCost({ tenantId }: Pick<Requester, 'tenantId'>): Promise<MonthCostView> {
    const now = this.#clock.now();
    const period = periodOf(now);
    const to = periodEnd(period);
    const [spent, tenant, subscriptions] = await Promise.all([
      this.#listSpent(tenantId, period),
      findTenantById(this.#db, tenantId),
      new SubscriptionRepository(this.#db).findByTenantId(tenantId),
    ]);
    const toCome = subscriptions.flatMap((row): Money[] => {
      const { nextInvoiceAt: at, nextInvoiceCurrency, nextInvoiceMinor } = row;
      const isToCome = isLive(row.stripeStatus) && at && at > now && at < to;
      if (!isToCome || !nextInvoiceCurrency) return [];
      return [{ currency: nextInvoiceCurrency, amountMinor: nextInvoiceMinor ?? 0 }];
    });
    const balance = tenant?.credits ?? [];
    return { period, costs: monthCosts(spent, { balance, toCome }) };
  }

  /** What was spent of a month, overage that no statement has yet included. */
  async #listSpent(tenantId: string, period: Period): Promise<Spent[]> {
    const within = { period, from: periodStart(period), to: periodEnd(period) };
    // Of one instant: a statement that is closed meanwhile is neither left out nor counted twice.
    const { spent, billed } = await this.#db.transaction(
      async (tx) => ({
        spent: await listSpent(tx, tenantId, within),
        billed: await sumBilledAtPrices(tx, tenantId, period),
      }),
      { isolationLevel: 'repeatable read', accessMode: 'read only' },
    );
    const drawn = await this.#router.read(
      tenantId,
      (bucket) => bucket.listDrawnAtPrices(tenantId, period),
      (found) => found.length === 0,
    );
    const unbilled = unbilledOf(drawn, billed).map((sum): Spent => ({
      ...{ part: 'overage', toBalanceMinor: 0 },
      ...sum,
    }));
    return [...spent, ...unbilled];
  }

  /** Newest first; `cursor` is the last answer's `nextCursor`. */
  async listPayments(
    requester: Requester,
    options: { limit: number; cursor: string | undefined },
  ): Promise<PaymentsPage> {
    const { limit, cursor } = options;
    const before = cursor === undefined ? undefined : parseCursor(cursor);
    const rows = await listPayments(this.#db, requester.tenantId, { limit: limit + 1, before });
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    const links = canManageBilling(requester.role);
    const subjects = await findInvoiceSubjects(this.#db, page);
    return {
      payments: page.map((row) =>
        viewPayment(row, links, subjects.get(row.stripeInvoiceId) ?? 'other'),
      ),
      nextCursor: rows.length > limit && last ? Buffer.from(last.id).toString('base64url') : null,
    };
  }
}

/** `links`: whether the reader may have Stripe's addresses, which let anybody who holds them pay. */
function viewPayment(row: Payment, links: boolean, about: PaymentSubject): PaymentView {
  const { failureCode, failureMessage } = row;
  return {
    id: row.id,
    number: row.number,
    status: row.status,
    amountDueMinor: row.amountDueMinor,
    amountPaidMinor: row.amountPaidMinor,
    fromBalanceMinor: row.fromBalanceMinor,
    amountRefundedMinor: row.amountRefundedMinor,
    currency: row.currency,
    about,
    reason: row.reason ?? 'manual',
    periodStart: row.periodStart?.toISOString() ?? null,
    periodEnd: row.periodEnd?.toISOString() ?? null,
    paidAt: row.paidAt?.toISOString() ?? null,
    failure: failureCode ? { code: failureCode, message: failureMessage ?? '' } : null,
    dispute: viewDispute(row),
    hostedInvoiceUrl: links ? row.hostedInvoiceUrl : null,
    invoicePdf: links ? row.invoicePdf : null,
    createdAt: row.createdAt.toISOString(),
  };
}

function viewDispute({ disputeStatus, disputedMinor }: Payment): PaymentView['dispute'] {
  const outcome = disputeStatus === null ? null : disputeOutcome(disputeStatus);
  return outcome && { outcome, amountMinor: disputedMinor };
}

/** The payment that a page ended with. */
function parseCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString();
  if (isUuid(id)) return id;
  throw new BillingError('invalid_request', 'The cursor is not one that this list answered.');
}
