/** What tells which of two subscriptions is the older. */
export interface Age {
  /** Stripe's creation time, of whole seconds. */
  stripeCreatedAt: Date | null;
  /** When we first saw it: decides between two of the same second. */
  createdAt: Date;
  stripeSubscriptionId: string;
}

/**
 * The older first. Two of one second go by which of them we knew first, and two that we learned of
 * together by their ids: the same answer wherever, and however often, it is asked.
 */
export function byAge(a: Age, b: Age): number {
  const created = (a.stripeCreatedAt?.getTime() ?? 0) - (b.stripeCreatedAt?.getTime() ?? 0);
  if (created !== 0) return created;
  const seen = a.createdAt.getTime() - b.createdAt.getTime();
  if (seen !== 0) return seen;
  return a.stripeSubscriptionId < b.stripeSubscriptionId ? -1 : 1;
}
