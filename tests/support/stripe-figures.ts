import type { Customer } from './customer.ts';

interface Subscription {
  id: string;
  customer: string;
  currency: string;
  status: string;
  trial_end: number | null;
  items: {
    data: {
      quantity: number;
      price: { unit_amount: number; recurring: { interval: string }; lookup_key: string };
    }[];
  };
}
interface Invoice {
  id: string;
  status: string;
  currency: string;
  amount_paid: number;
  amount_remaining: number;
  attempt_count: number;
  metadata: Record<string, string>;
  total_taxes: { amount: number }[] | null;
  status_transitions: { paid_at: number | null };
  parent: { subscription_details: { subscription: string } | null } | null;
}
interface Refund {
  id: string;
  amount: number;
  currency: string;
  status: string;
  created: number;
}
interface StripeEvent {
  id: string;
  type: string;
  created: number;
  data: { object: Subscription };
}

/** What Stripe's own objects say a month came to, in minor units of one currency. */
export interface MonthAtStripe {
  mrrMinor: number;
  newMinor: number;
  reactivationMinor: number;
  expansionMinor: number;
  contractionMinor: number;
  churnMinor: number;
  paidMinor: number;
  refundedMinor: number;
  netMinor: number;
  taxMinor: number;
  usageMinor: number;
  recovered: number;
  recoveredMinor: number;
}

const monthOf = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 7);
const isChargedFor = ({ status }: Subscription) => ['active', 'past_due'].includes(status);
const sum = <T>(all: readonly T[], of: (one: T) => number) =>
  all.reduce((total, one) => total + of(one), 0);

/** List price times quantity, a year as a twelfth. */
const monthlyOf = (one: Subscription) =>
  isChargedFor(one)
    ? sum(one.items.data, ({ price, quantity }) =>
        Math.round((price.unit_amount * quantity) / (price.recurring.interval === 'year' ? 12 : 1)),
      )
    : 0;

/**
 * Computes a month's figures from Stripe's objects and events alone, to compare ours with: it reads none of our
 * tables. Stripe keeps events for thirty days, so `collectEvents` is called more often than that.
 */
export class StripeFigures {
  readonly #customer: Customer;
  /** Oldest first. */
  readonly #events: StripeEvent[] = [];
  invoices: Invoice[] = [];
  refunds: Refund[] = [];

  constructor(customer: Customer) {
    this.#customer = customer;
  }

  async collectEvents(): Promise<void> {
    const known = new Set(this.#events.map(({ id }) => id));
    const all = (await this.#all<StripeEvent>('events?')).toReversed();
    this.#events.push(
      ...all.filter(({ id, type }) => type.startsWith('customer.subscription.') && !known.has(id)),
    );
  }

  async collect(): Promise<void> {
    await this.collectEvents();
    this.invoices = await this.#all<Invoice>('invoices?');
    this.refunds = await this.#all<Refund>('refunds?');
  }

  /** Each subscription as its last event has it. */
  get subscriptions(): Subscription[] {
    return [...new Map(this.#events.map(({ data: { object } }) => [object.id, object])).values()];
  }

  paid(currency: string): Invoice[] {
    return this.invoices.filter((one) => one.currency === currency && one.amount_paid > 0);
  }

  month(month: string, currency: string): MonthAtStripe {
    const paid = this.paid(currency).filter(
      ({ status_transitions: { paid_at: at } }) => monthOf(at ?? 0) === month,
    );
    const recovered = paid.filter((one) => one.attempt_count > 1);
    const moves = this.#movements(currency);
    const moved = (kind: string) =>
      sum(
        moves.filter((one) => one.kind === kind && one.month === month),
        ({ minor }) => minor,
      );
    const paidMinor = sum(paid, (one) => one.amount_paid);
    const refundedMinor = sum(
      this.refunds.filter(
        (one) =>
          one.currency === currency &&
          monthOf(one.created) === month &&
          !['failed', 'canceled'].includes(one.status),
      ),
      ({ amount }) => amount,
    );
    return {
      mrrMinor: sum(
        moves.filter((one) => one.month <= month),
        ({ minor }) => minor,
      ),
      ...{ newMinor: moved('new'), reactivationMinor: moved('reactivation') },
      ...{ expansionMinor: moved('expansion'), contractionMinor: moved('contraction') },
      ...{ churnMinor: moved('churn'), paidMinor, refundedMinor },
      netMinor: paidMinor - refundedMinor,
      taxMinor: sum(paid, (one) => sum(one.total_taxes ?? [], ({ amount }) => amount)),
      usageMinor: sum(
        paid.filter((one) => !one.parent?.subscription_details),
        (one) => one.amount_paid,
      ),
      recovered: recovered.length,
      recoveredMinor: sum(recovered, (one) => one.amount_paid),
    };
  }

  /** How what a customer pays in a month moved, second by second by Stripe's events. */
  #movements(currency: string): { month: string; kind: string; minor: number }[] {
    const moves: { month: string; kind: string; minor: number }[] = [];
    const held = new Map<string, Map<string, number>>();
    const before = new Map<string, number>();
    const events = this.#events.filter(({ data }) => data.object.currency === currency);
    events.forEach(({ created, data: { object } }, index) => {
      const of = held.get(object.customer) ?? new Map<string, number>();
      held.set(object.customer, of.set(object.id, monthlyOf(object)));
      const isLast = !events
        .slice(index + 1)
        .some((one) => one.created === created && one.data.object.customer === object.customer);
      const now = sum([...of.values()], (minor) => minor);
      const was = before.get(object.customer);
      if (!isLast || now === (was ?? 0)) return;
      before.set(object.customer, now);
      const kind =
        was === undefined
          ? 'new'
          : now === 0
            ? 'churn'
            : was === 0
              ? 'reactivation'
              : now > was
                ? 'expansion'
                : 'contraction';
      moves.push({ month: monthOf(created), kind, minor: now - (was ?? 0) });
    });
    return moves;
  }

  async #all<T extends { id: string }>(path: string): Promise<T[]> {
    const found: T[] = [];
    for (let hasMore = true; hasMore;) {
      const behind = found.length > 0 ? `&starting_after=${found.at(-1)!.id}` : '';
      const page = await this.#customer.atStripe<{ data: T[]; has_more: boolean }>(
        `${path}limit=100${behind}`,
      );
      found.push(...page.data);
      hasMore = page.has_more;
    }
    return found;
  }
}
