const DAY_MS = 86_400_000;

/**
 * How many days rows stay that are over and tell of no money, counted from their end. What money was
 * moved by stays for good, and so does the audit log, which says what became of the rest.
 */
export const KEPT_DAYS = {
  /** Keys that were revoked or ran out. */
  apiKeys: 90,
  /** Addresses of the network that nobody has signed in from since. */
  knownAddresses: 180,
  /** Whom somebody invited, after the link ended: for who asks what became of it. */
  invitations: 90,
  reconcileRuns: 90,
  /** Payment pages that nobody paid on. */
  expiredCheckouts: 90,
  /** Packs that somebody began to buy and nobody paid, of which Stripe has no invoice. */
  unpaidPurchases: 90,
  /** Mails whose link has been over for long: they name people who may have no account. */
  linkMails: 90,
  /** What Stripe wrote of a customer in an event that is handled. */
  eventPayloads: 90,
  /** Events that are handled: Stripe sends one again for a month at most. */
  events: 400,
  /** Alerts that are closed. */
  alerts: 400,
  /** Agreements to overage, after the next one, under which none was used. */
  unusedAgreements: 400,
  /** Marks of the cap that were passed, and agreements that lapsed, after the owner was told. */
  overageNotices: 400,
} as const;

/** How many rows one person can make of what is not limited otherwise, however busy they are. */
export const BOUNDS = {
  /** Sessions: a further sign-in ends the one that was longest not used. */
  sessions: 50,
  /** Refreshes of one session within the 30 days that each is kept: then it ends, and one signs in again. */
  refreshesOfASession: 5_000,
  /** Keys in a team that are revoked or ran out: making another forgets the oldest. */
  endedKeys: 50,
  /** Acts an hour that the audit log tells of: keys, members, limits, notifications. */
  actsAnHour: 300,
} as const;

/** What is kept so many days is forgotten when it was over before this. */
export function keptSince(kind: keyof typeof KEPT_DAYS, now: Date): Date {
  return new Date(now.getTime() - KEPT_DAYS[kind] * DAY_MS);
}

/** Mails that carry a link which works once, or for a while. */
export const LINK_MAILS = [
  'change_email',
  'email_changed',
  'open_account',
  'reset_password',
  'team_invitation',
  'verify_email',
] as const;
