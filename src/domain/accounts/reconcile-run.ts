/** Who began it: the schedule, or somebody by a command. */
export const RUN_TRIGGERS = ['schedule', 'hand'] as const;
export type RunTrigger = (typeof RUN_TRIGGERS)[number];

/** What of a tenant was not as Stripe had it. */
export const MENDED_KINDS = ['plan', 'subscription', 'payment', 'refund'] as const;
export type MendedKind = (typeof MENDED_KINDS)[number];

export interface MendedTenant {
  tenantId: string;
  kinds: MendedKind[];
}

/** A customer that could not be read, or that Stripe does not have. */
export interface RunFailure {
  customerId: string;
  error: string;
}

/** One comparison of all customers with Stripe. Instants are ISO 8601 UTC. */
export interface ReconcileRunView {
  id: string;
  trigger: RunTrigger;
  begunAt: string;
  /** Null while it goes on, and for one that was killed. */
  endedAt: string | null;
  /** Looked at. */
  customers: number;
  /** Of all that were mended, or failed, the lists name the first hundred. */
  mendedCount: number;
  mended: MendedTenant[];
  failedCount: number;
  failed: RunFailure[];
  /** Why it ended before its time. */
  error: string | null;
}

export interface ReconcileRunsPage {
  /** Newest first. */
  runs: ReconcileRunView[];
  nextCursor: string | null;
}
