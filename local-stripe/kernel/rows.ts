import type Stripe from 'stripe';

/** An event as kept: its immutable body, and when it was recorded by the global clock. */
export interface EventRow {
  id: string;
  recordedAt: number;
  body: Stripe.Event;
}

/** One event on its way to one endpoint. */
export interface DeliveryRow {
  id: string;
  event: string;
  eventType: string;
  objectId: string;
  endpoint: string;
  status: 'pending' | 'delivered' | 'failed' | 'dropped';
  createdAt: number;
  nextAttemptAt: number | null;
  attempts: DeliveryAttempt[];
}

/** One HTTP request to an endpoint. `status` is null when no answer came. Times are unix seconds. */
export interface DeliveryAttempt {
  at: number;
  status: number | null;
  error: string | null;
  durationMs: number;
}

/** Work that falls due. `id` is `<kind>:<object id>`, so scheduling again replaces. */
export interface DueRow {
  id: string;
  kind: string;
  objectId: string;
  /** The test clock it belongs to, or null for the global clock. */
  clock: string | null;
  dueAt: number;
  sequence: number;
}

/** The saved answer of a POST that carried an idempotency key. */
export interface IdempotencyRow {
  id: string;
  fingerprint: string;
  requestId: string;
  status: number;
  body: string;
  savedAt: number;
}

/** What the Dashboard would be used for: retries, reminders, and the tester's switches. */
export interface SettingsRow {
  id: 'settings';
  retry: RetrySettings;
  /** Days before a renewal at which `invoice.upcoming` is sent. */
  upcomingDays: number;
  chaos: ChaosSettings;
}

export interface RetrySettings {
  /** Attempts in all, the first included. */
  attempts: number;
  spacingSeconds: number;
  final: 'cancel' | 'unpaid' | 'past_due' | 'pause';
}

/** Rates are 0 to 1. */
export interface ChaosSettings {
  duplicate: number;
  shuffle: number;
  drop: number;
  delayMs: number;
  /** The next API requests that fail, first first. */
  failNext: InjectedFailure[];
}

export interface InjectedFailure {
  status: number;
  code?: string;
  /** Do the work and then lose the answer, instead of refusing at the door. */
  afterExecution?: boolean;
}
