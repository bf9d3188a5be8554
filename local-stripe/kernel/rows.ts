import type { EventType } from './vocabulary.ts';

/** An event as it is told; what its object is, only the room that told it knows. */
export interface EventBody {
  id: string;
  object: 'event';
  api_version: string | null;
  created: number;
  data: { object: object; previous_attributes?: Record<string, unknown> };
  livemode: boolean;
  pending_webhooks: number;
  request: { id: string | null; idempotency_key: string | null };
  type: EventType;
}

/** An event as kept: its immutable body, and when it was recorded by the global clock. */
export interface EventRow {
  id: string;
  recordedAt: number;
  body: EventBody;
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

/** The tester's switches. What other rooms let be set, they keep for themselves. */
export interface SettingsRow {
  id: 'settings';
  chaos: ChaosSettings;
}

/** Rates are 0 to 1. */
export interface ChaosSettings {
  duplicate: number;
  shuffle: number;
  drop: number;
  delayMs: number;
  /** The API requests that are to fail; each rule strikes once. */
  failNext: FailureRule[];
  /** What has struck since `failNext` was set. */
  fired: FiredFailure[];
}

/** Fails one request to the API. */
export interface FailureRule {
  /** Whom it may strike; without it anybody. Single segments of the path may be `:id` or `*`. */
  match?: { method?: 'GET' | 'POST' | 'DELETE'; path?: string; customer?: string };
  /** Which of those that match, counted from 1, the default. */
  nth?: number;
  /** How many that matched have passed already. */
  seen?: number;
  /** The status to answer; `hang` answers never, `cut` closes the connection. */
  status: number | 'hang' | 'cut';
  code?: string;
  /** `after` does the work, and its answer is lost; `before` is the default. */
  when?: 'before' | 'after';
  /** How many repeats of that very request fail as well: clients repeat by themselves. */
  repeats?: number;
  /** What Stripe then says about trying again, in the header `Stripe-Should-Retry`. */
  shouldRetry?: boolean;
}

/** A rule that has struck, and whom. */
export interface FiredFailure {
  rule: FailureRule;
  /** The number of the request in the log of calls. */
  call: number;
  method: string;
  path: string;
  /** What a repeat of that request has in common with it. */
  origin: string;
  repeatsLeft: number;
}
