import { localOf } from './subject.ts';
import type { Subject } from './subject.ts';

/** A call of the local Stripe's own interface; fails unless it answers 2xx. */
export async function control<T>(subject: Subject, path: string, body?: object): Promise<T> {
  const response = await fetch(`${localOf(subject).url}/_control/${path}`, {
    ...(body === undefined
      ? {}
      : {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`_control/${path} answered ${response.status}: ${text}`);
  return JSON.parse(text) as T;
}

export interface RetrySettings {
  attempts: number;
  spacingSeconds: number;
  final: 'cancel' | 'unpaid' | 'past_due' | 'pause';
}

/** What the Dashboard would be used for: how often a payment is retried, and what then. */
export const setRetrySettings = (subject: Subject, settings: RetrySettings): Promise<unknown> =>
  control(subject, 'retry_settings', settings);

/** Pays a Checkout session as its page would. */
export const completeCheckout = (
  subject: Subject,
  session: string,
  body: { card: string; email?: string },
): Promise<{ status: string; paymentStatus: string; error?: unknown }> =>
  control(subject, `checkout_sessions/${session}/complete`, body);
