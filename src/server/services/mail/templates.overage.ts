import type { MailData } from './templates.ts';

type Lapsed = MailData['overage_lapsed'];

/** A spending rule lowered the cap, and overage goes on. */
export const isLower = (data: Lapsed): data is Extract<Lapsed, { reason: 'spending_rule' }> =>
  data.reason === 'spending_rule' && data.capMinor > 0;
