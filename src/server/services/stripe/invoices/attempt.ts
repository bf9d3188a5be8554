import type { InvoiceSnapshot } from '../snapshots/invoice-snapshot.ts';

/**
 * What became of an open invoice's last attempt. `processing`: a method that tells later (a bank's debit) was
 * charged, and whether the money comes is not known: nothing has failed, and nobody tries again. `asks`: the
 * bank wants its owner. Stripe counts all of them as attempts.
 */
export type InvoiceAttempt = 'none' | 'processing' | 'asks' | 'declined';

export function attemptOf({
  attemptCount,
  isProcessing,
  requiresAction,
  failure,
}: Pick<
  InvoiceSnapshot,
  'attemptCount' | 'isProcessing' | 'requiresAction' | 'failure'
>): InvoiceAttempt {
  if (isProcessing) return 'processing';
  if (requiresAction) return 'asks';
  if (attemptCount === 0) return 'none';
  return failure?.code === 'authentication_required' ? 'asks' : 'declined';
}
