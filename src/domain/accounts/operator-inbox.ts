import type { AlertView } from './operator-tenant.ts';

export const EVENT_STATES = ['received', 'processed', 'ignored', 'dead'] as const;
export type EventState = (typeof EVENT_STATES)[number];

/** An event of Stripe's in the inbox. Instants are ISO 8601 UTC. */
export interface EventView {
  id: string;
  type: string;
  state: EventState;
  objectId: string | null;
  stripeCustomerId: string | null;
  /** Whose customer that is here. */
  tenantId: string | null;
  receivedAt: string;
  processedAt: string | null;
  attempts: number;
  lastError: string | null;
}

export interface EventsPage {
  /** Newest first. */
  events: EventView[];
  nextCursor: string | null;
}

/** With its body, which is emptied some time after it was done. */
export interface EventDetail extends EventView {
  apiVersion: string | null;
  payload: unknown;
}

/** What became, or would become, of events that are given another try. */
export interface Replayed {
  done: boolean;
  /** `error` is null where it was handled, and where nothing was done yet. */
  events: { id: string; error: string | null }[];
}

export interface AlertsPage {
  /** Newest first. */
  alerts: AlertView[];
  nextCursor: string | null;
}

/** What the runbook says of a kind of alert, as it is written there. */
export interface RunbookEntry {
  kind: string;
  title: string;
  text: string;
}

/** A setting, or a version; of secrets no more than tells one from another. */
export interface NamedValue {
  name: string;
  value: string;
}

/** How the installation is. */
export interface HealthScreen {
  readiness: Record<'database' | 'jobs' | 'migrations' | 'bucketServers', 'ok' | 'failing'>;
  jobs: { job: string; waiting: number; lagSeconds: number; failed: number }[];
  inbox: { received: number; dead: number; oldestAt: string | null };
  mails: { waiting: number; failing: number; givenUp: number };
  alerts: { kind: string; open: number }[];
  /** Customers that could not be read from Stripe, and are tried again. */
  failedSyncs: number;
  /** When all customers were last compared with Stripe. */
  reconciledAt: string | null;
  /** What the last verification of the books left. */
  verification: { at: string; differences: number } | null;
  /** When a delivery of Stripe's was last taken, and last refused for its signature. */
  deliveries: { acceptedAt: string | null; refusedAt: string | null };
  versions: NamedValue[];
  settings: NamedValue[];
}
