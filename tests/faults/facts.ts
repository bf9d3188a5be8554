import type { SubscriptionView } from '../../src/domain/api.ts';
import type { ChangePreview } from '../../src/domain/api.ts';
import type { Person, Slot } from './person.ts';

/** Money that moved. Days count from the moment at which the verb was asked for. */
export interface Charge {
  day: number;
  amountMinor: number;
  refundedMinor: number;
}

/** What a page said, in words that mean the same in every world. */
export interface Page {
  status: number;
  plan: string | null;
  state: string | null;
  price: string | null;
  endsOnDay: number | null;
  planned: string | null;
}

/** Everything that an observer outside has of one case: what was told, and what was charged. */
export interface Facts {
  /** What the page said before anything was asked for, and how many subscriptions ran at Stripe. */
  before: Page & { running: number };
  /** What the verb answered; null when no answer came. */
  answer: { status: number; text: string } | null;
  /** The same question once more, where it was put again. */
  again: { status: number; text: string } | null;
  preview: ChangePreview | null;
  /** When the preview said that the next invoice comes. */
  nextInvoiceOnDay: number | null;
  /** Once everything had time to converge. */
  settled: Page;
  /** Mails since, by kind. */
  mails: string[];
  charges: Charge[];
  /** How many subscriptions still run at Stripe right after, and what the best one is. */
  running: number;
  atStripe: { status: string; price: string | null; endsOnDay: number | null } | null;
  /** A year later. */
  final: Page;
  runningFinally: number;
  /** Left at Stripe, in favour of the customer when negative. */
  balanceMinor: number;
  alerts: string[];
}

const DAY = 86_400;
/** Later ones would come in one world and just not in another. */
const CHARGES_UNTIL_DAY = 385;
const LIVE = new Set(['active', 'trialing', 'past_due', 'unpaid', 'paused', 'incomplete']);

export async function readPage(person: Person, since: number): Promise<Page> {
  const { status, subscription } = await person.page();
  return pageOf(person, status, subscription, since);
}

function pageOf(
  { prices }: Person,
  status: number,
  view: SubscriptionView | null,
  since: number,
): Page {
  const slot = (id: string | null | undefined) =>
    id ? ((Object.keys(prices) as Slot[]).find((one) => prices[one] === id) ?? 'another') : null;
  const planned = view?.scheduledChange;
  return {
    status,
    plan: view?.plan ?? null,
    state: view?.status ?? null,
    price: slot(view?.priceId),
    endsOnDay: view?.cancelAt ? dayOf(Date.parse(view.cancelAt) / 1000, since) : null,
    planned: planned
      ? `${slot(planned.priceId)} on day ${dayOf(Date.parse(planned.effectiveAt) / 1000, since)}`
      : null,
  };
}

/** The day of an instant as the API writes it. */
export function dayOfIso(iso: string | undefined, since: number): number | null {
  return iso === undefined ? null : dayOf(Date.parse(iso) / 1000, since);
}

export function dayOf(unixSeconds: number, since: number): number {
  return Math.round((unixSeconds - since) / DAY);
}

/** What was taken from the customer since, refunds beside it, without the charges `besides`. */
export function readCharges(
  { world }: Person,
  customers: string[],
  since: number,
  besides: ReadonlySet<string> = new Set(),
): Charge[] {
  const { store } = world.local.kernel;
  return [...store.oldestFirst('charge')]
    .filter((one) => customers.includes(String(one.customer)))
    .filter((one) => one.status === 'succeeded' && one.created >= since && !besides.has(one.id))
    .filter((one) => dayOf(one.created, since) <= CHARGES_UNTIL_DAY)
    .map((one) => ({
      day: dayOf(one.created, since),
      amountMinor: one.amount,
      refundedMinor: one.amount_refunded,
    }));
}

/** What still runs at Stripe for these customers. */
export function readRunning(
  { world, prices }: Person,
  customers: string[],
  since: number,
): Pick<Facts, 'running' | 'atStripe'> {
  const live = [...world.local.kernel.store.newestFirst('subscription')].filter(
    (one) => customers.includes(String(one.customer)) && LIVE.has(one.status),
  );
  const rank = ['active', 'trialing', 'past_due', 'unpaid', 'paused', 'incomplete'];
  const best = live.sort((a, b) => rank.indexOf(a.status) - rank.indexOf(b.status))[0];
  if (!best) return { running: 0, atStripe: null };
  const known = (Object.keys(prices) as Slot[]).find((slot) =>
    best.items.data.some((item) => item.price.id === prices[slot]),
  );
  const ends =
    best.cancel_at ?? (best.cancel_at_period_end ? best.items.data[0]!.current_period_end : null);
  return {
    running: live.filter((one) => one.status !== 'incomplete').length,
    atStripe: {
      status: best.status,
      price: known ?? 'another',
      endsOnDay: ends === null ? null : dayOf(ends, since),
    },
  };
}

export async function readMails({ world, tenantId }: Person, since: number): Promise<string[]> {
  const { rows } = await world.pool.query<{ kind: string; ends_at: string | null }>(
    `select kind, data ->> 'endsAt' as ends_at from mail_outbox
     where tenant_id = $1 and created_at >= to_timestamp($2) order by created_at, kind`,
    [tenantId, since],
  );
  return rows.map(({ kind, ends_at }) =>
    ends_at ? `${kind}: ends on day ${dayOf(Date.parse(ends_at) / 1000, since)}` : kind,
  );
}

export async function readAlerts({ world, tenantId }: Person): Promise<string[]> {
  const { rows } = await world.pool.query<{ kind: string }>(
    'select kind from alerts where tenant_id = $1 order by kind',
    [tenantId],
  );
  return rows.map(({ kind }) => kind);
}
